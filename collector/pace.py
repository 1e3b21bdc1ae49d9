"""When to read again what rarely changes."""


class Pace:
    """One container's. Whenever `round` has grown, limits and mounts are read again.

    The cycle lets it grow every `CollectorSettings.slow_s` seconds, not for all containers at once.
    `ran`: whether the container used CPU time since the reading before, true where nobody tells.
    """

    __slots__ = ("ran", "round")

    def __init__(self) -> None:
        self.round = 0
        self.ran = True
