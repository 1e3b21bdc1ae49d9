"""Where a command's readings come from: the agent's store, or the host itself without an agent."""

from collections.abc import Callable, Mapping
from typing import Protocol

from collector.clock import Clock
from collector.model import Cycle
from collector.reading import Reading, readings
from collector.store import StoreError, StoreReader
from control.freshness import is_young

Readings = Mapping[tuple[str, str], Reading]


class Source(Protocol):
    """What `ls` and `top` look at."""

    direct: bool
    """Whether this process reads the host itself: the first reading then has no rates."""

    def note(self) -> str:
        """Where the figures come from, and what is wrong with them, in words."""
        ...

    def readings(self) -> Readings:
        """The newest reading of everything, beside the one before it."""
        ...


class Stored:
    """The last two cycles of the agent's store."""

    direct = False

    def __init__(self, reader: StoreReader, clock: Clock, interval_s: float) -> None:
        self.fresh = False
        self._reader = reader
        self._clock = clock
        self._interval_s = interval_s

    def note(self) -> str:
        """Whether the agent still adds to the store."""
        return "" if self.fresh else "the agent has stopped: these are its last figures"

    def readings(self) -> Readings:
        """The store's last cycle beside the one before it."""
        cycles = self._reader.recent(2)
        self.fresh = bool(cycles) and is_fresh(cycles[-1], self._clock, self._interval_s)
        if not cycles:
            return {}
        return readings(cycles[-1], cycles[-2] if len(cycles) > 1 else None)


class Direct:
    """The host, read by this process."""

    direct = True

    def __init__(self, read: Callable[[], Cycle], why: str) -> None:
        self._why = why
        self._read = read
        self._before: Cycle | None = None

    def note(self) -> str:
        """Why it is not the agent's store that is shown."""
        return self._why

    def readings(self) -> Readings:
        """Read everything now."""
        cycle = self._read()
        found = readings(cycle, self._before)
        self._before = cycle
        return found


def is_fresh(cycle: Cycle, clock: Clock, interval_s: float) -> bool:
    """Whether an agent that reads each `interval_s` can be assumed to live.

    Monotonic time decides, so that a stepped wall clock neither revives nor buries an agent.
    """
    now = clock.now()
    if now.boot_id != cycle.stamp.boot_id:
        return False
    return is_young(now.mono_ns - cycle.stamp.mono_ns, interval_s)


def choose(
    reader: StoreReader, read: Callable[[], Cycle], clock: Clock, interval_s: float
) -> Source:
    """The store where an agent keeps it fresh, else the host itself, by `read`."""
    stored = Stored(reader, clock, interval_s)
    try:
        stored.readings()
    except StoreError as problem:
        return Direct(read, f"read directly: {problem}")
    return stored if stored.fresh else Direct(read, "read directly, no agent adds to the store")
