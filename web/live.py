"""The store's last cycles, read once for however many tabs ask."""

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from collector.clock import Clock
from collector.model import Cycle, Stamp
from collector.reading import Reading, readings
from collector.store import CatalogueEntry, StoreError, StoreReader

Key = tuple[str, str]
"""(kind, name) of an entity."""

HISTORY = 60
_FRESH_NS = 200_000_000
_STEP_MS = 2_000
_USAGE = {"container": "lxc_cpu_usage_seconds_total"}
_HOST_CPU = "lxc_host_cpu_seconds_total"
_IDLE = {"idle", "iowait"}


class Unreadable(Exception):
    """The store cannot be read; `since` is when that began."""

    def __init__(self, text: str, since: Stamp) -> None:
        super().__init__(text)
        self.since = since


@dataclass(frozen=True, slots=True)
class ClockStep:
    """Wall time jumped by `by_ms` against monotonic time, seen at the reading of `at`."""

    at: Stamp
    by_ms: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The last cycle, what it says of every entity, and each one's recent CPU use in cores."""

    cycle: Cycle
    readings: Mapping[Key, Reading]
    cpu_history: Mapping[Key, Sequence[float | None]]
    step: ClockStep | None = None


@dataclass(slots=True)
class _Past:
    """What is carried from one cycle to the next."""

    cycle: Cycle | None = None
    cpu: dict[Key, deque[float | None]] = field(default_factory=dict)
    step: ClockStep | None = None


class Live:
    """A reader behind a lock: at most one reading of the store each 0.2 s, whoever asks."""

    def __init__(self, reader: StoreReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._lock = threading.Lock()
        self._newest: Cycle | None = None
        self._untaken: deque[Cycle] = deque(maxlen=HISTORY)
        self._past = _Past()
        self._snapshot: Snapshot | None = None
        self._failure: Unreadable | None = None
        self._asked_ns: int | None = None
        self._catalogue: tuple[int, Sequence[CatalogueEntry]] | None = None

    def cycle(self) -> Cycle | None:
        """The newest cycle, None while the store is empty; Unreadable when it cannot be read."""
        with self._lock:
            self._refresh()
            return self._newest

    def snapshot(self) -> Snapshot | None:
        """The newest cycle with its rates; the same errors. A scrape alone never computes them."""
        with self._lock:
            self._refresh()
            while self._untaken:
                self._take(self._untaken.popleft())
            return self._snapshot

    def catalogue(self) -> Sequence[CatalogueEntry]:
        """Every entity the store knows; asked of the store once per cycle."""
        cycle = self.cycle()
        seq = cycle.seq if cycle else 0
        with self._lock:
            if self._catalogue is None or self._catalogue[0] != seq:
                self._catalogue = (seq, self._guarded_catalogue())
            return self._catalogue[1]

    def _guarded_catalogue(self) -> Sequence[CatalogueEntry]:
        try:
            return self._reader.catalogue()
        except (StoreError, OSError) as error:
            raise Unreadable(str(error), self._clock.now()) from error

    def _refresh(self) -> None:
        now = self._clock.now()
        if self._asked_ns is None or now.mono_ns - self._asked_ns >= _FRESH_NS:
            self._read(now)
            self._asked_ns = now.mono_ns
        if self._failure is not None:
            raise Unreadable(str(self._failure), self._failure.since)

    def _read(self, now: Stamp) -> None:
        try:
            news = self._news()
        except (StoreError, OSError) as error:
            since = self._failure.since if self._failure else now
            self._failure = Unreadable(str(error), since)
            return
        self._failure = None
        self._untaken.extend(news)
        self._newest = news[-1] if news else self._newest

    def _news(self) -> Sequence[Cycle]:
        """The cycles not seen yet, oldest first."""
        latest = self._reader.latest()
        newest = self._newest
        if latest is None:
            self._forget()
            return ()
        if newest is not None and (latest.seq, latest.stamp) == (newest.seq, newest.stamp):
            return ()
        if newest is not None and latest.seq == newest.seq + 1:
            return (latest,)
        recent = self._reader.recent(HISTORY)
        if newest is None or latest.seq <= newest.seq or not recent:
            self._forget()
            return recent or (latest,)
        return [cycle for cycle in recent if cycle.seq > newest.seq]

    def _forget(self) -> None:
        """The store is another one, or was begun anew."""
        self._newest, self._snapshot, self._past = None, None, _Past()
        self._untaken.clear()

    def _take(self, cycle: Cycle) -> None:
        past = self._past
        found = readings(cycle, past.cycle)
        past.cpu = {
            key: _appended(past.cpu.get(key), cpu_cores(key, reading))
            for key, reading in found.items()
        }
        past.step = _step(past.cycle, cycle) or past.step
        past.cycle = cycle
        history = {key: tuple(values) for key, values in past.cpu.items()}
        self._snapshot = Snapshot(cycle, found, history, past.step)


def cpu_cores(key: Key, reading: Reading) -> float | None:
    """Cores in use between the two readings; the host's without idle and iowait."""
    if key[0] == "host":
        busy = [
            value for labels, value in reading.rates(_HOST_CPU) if dict(labels)["mode"] not in _IDLE
        ]
        return sum(busy) if busy else None
    return reading.rate(_USAGE[key[0]]) if key[0] in _USAGE else None


def _appended(values: deque[float | None] | None, value: float | None) -> deque[float | None]:
    values = deque(maxlen=HISTORY) if values is None else values
    values.append(None if value is None else round(value, 4))  # drawn 22 pixels high
    return values


def _step(before: Cycle | None, after: Cycle) -> ClockStep | None:
    """A jump of wall time against monotonic time, slewing apart, between two cycles."""
    if before is None or before.stamp.boot_id != after.stamp.boot_id:
        return None
    wall = after.stamp.wall_ms - before.stamp.wall_ms
    mono = (after.stamp.mono_ns - before.stamp.mono_ns) // 1_000_000
    jump = wall - mono
    return ClockStep(after.stamp, jump) if abs(jump) >= _STEP_MS else None
