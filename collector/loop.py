"""Cycle after cycle in a thread of its own, aligned to the wall clock; none is made up for."""

import threading
from typing import Protocol

from collector.clock import Clock
from collector.model import Cycle
from collector.stats import Stats
from collector.store import StoreWriter

_NS, _MS = 1_000_000_000, 1_000


class Reader(Protocol):
    """What reads a cycle: the Collector."""

    @property
    def stats(self) -> Stats:
        """Where the loop writes how it fares."""
        ...

    def read(self) -> Cycle:
        """Read everything once."""
        ...


class Loop:
    """Reads with `collector` and stores with `writer` at every multiple of `interval_s` seconds.

    A cycle that takes longer than the interval leaves out those it ran into, and counts them: they
    would all be read at once. `last` is the newest cycle, as stored.
    """

    def __init__(
        self, collector: Reader, writer: StoreWriter, interval_s: float, clock: Clock
    ) -> None:
        self.stats = collector.stats
        self.stats.store = writer
        self.last: Cycle | None = None
        self._collector, self._writer, self._clock = collector, writer, clock
        self._interval_ms = interval_s * _MS
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="collector", daemon=True)

    def start(self) -> None:
        """Read the first cycle at once, the others on time."""
        self._thread.start()

    def stop(self) -> None:
        """End after the cycle that is being read; returns when it is stored."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._cycle()
            self._wait()

    def _cycle(self) -> None:
        started = self._clock.now()
        try:
            cycle = self._collector.read()
            seq = self._writer.append(cycle)
            self.last = Cycle(cycle.stamp, cycle.rows, seq)
        except Exception as error:
            # Neither raises by contract; a defect must not end the collection.
            self.stats.failed("cycle", error)
        took_ms = (self._clock.now().mono_ns - started.mono_ns) * _MS / _NS
        late_ms = started.wall_ms % self._interval_ms
        self.stats.cycles += 1
        self.stats.duration_s = took_ms / _MS
        self.stats.skipped_cycles += int((late_ms + took_ms) // self._interval_ms)

    def _wait(self) -> None:
        """Until the next multiple of the interval, whatever the wall clock does meanwhile."""
        now = self._clock.now()
        left_ms = self._interval_ms - now.wall_ms % self._interval_ms
        due_ns = now.mono_ns + left_ms * _NS / _MS
        while not self._stop.is_set():
            left_s = (due_ns - self._clock.now().mono_ns) / _NS
            if left_s <= 0:
                return
            self._stop.wait(left_s)
