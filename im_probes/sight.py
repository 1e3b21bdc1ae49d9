"""What the probes look at: every reading of the last cycle, and how the agent is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from collector.reading import Reading

Readings = Mapping[tuple[str, str], Reading]
"""By (entity kind, entity name)."""


class Agent(StrEnum):
    """Whether the figures are the agent's, and if not, why not."""

    OK = "ok"
    STALE = "stale"
    """Its store has not grown for several intervals: the host was read directly."""
    DOWN = "down"
    """There is no usable store: the host was read directly."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at the host."""

    readings: Readings
    agent: Agent

    def host(self) -> Reading | None:
        """The host's own reading."""
        return next((r for (kind, _), r in self.readings.items() if kind == "host"), None)

    def containers(self) -> list[Reading]:
        """The readings of all containers, stopped ones too."""
        return [r for (kind, _), r in self.readings.items() if kind == "container"]


Look = Callable[[], Sight]
