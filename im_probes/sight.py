"""What the probes look at: every reading of the last cycle, and how the agent is."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from collector.lookup import Lookup


class Agent:
    """Whether the figures are the agent's, and if not, why not."""

    OK = "ok"
    STALE = "stale"
    """Its store has not grown for several intervals: the host was read directly."""
    DOWN = "down"
    """There is no usable store: the host was read directly."""


class Sight:
    """One look at the host; `agent` is one of Agent's."""

    def __init__(self, readings: Iterable[Lookup], agent: str) -> None:
        self.readings, self.agent = tuple(readings), agent

    def host(self) -> Lookup | None:
        """The host's own reading."""
        return next((reading for reading in self.readings if reading.kind == "host"), None)

    def containers(self) -> list[Lookup]:
        """The readings of all containers, stopped ones too."""
        return [reading for reading in self.readings if reading.kind == "container"]
