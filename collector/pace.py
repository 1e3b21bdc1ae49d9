"""When to read again what rarely changes."""


class Pace:
    """Whenever `round` has grown, limits and mounts are read again.

    The cycle lets it grow every `CollectorSettings.slow_s` seconds, not for all containers at once.
    """

    __slots__ = ("round",)

    def __init__(self) -> None:
        self.round = 0
