"""The loop: on time, none made up for, whatever the clocks do."""

import threading
from collections.abc import Iterator

import pytest

from collector.loop import Loop
from collector.model import Cycle, Stamp
from collector.stats import Stats


class Clock:
    """Monotonic and wall time that only move when someone waits or works."""

    def __init__(self, wall_ms: int) -> None:
        self.wall_ms, self.mono_ns = wall_ms, 0

    def now(self) -> Stamp:
        return Stamp(self.wall_ms, self.mono_ns, "boot")

    def step(self, seconds: float) -> None:
        self.wall_ms += round(seconds * 1000)
        self.mono_ns += round(seconds * 1e9)


class Waiting(threading.Event):
    """An Event whose waiting moves the clock; set after `cycles` waits that were waited out."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self._clock.step(timeout)
        return self.is_set()


class Collector:
    """Takes `took_s` per cycle; ends the loop after `cycles`."""

    def __init__(self, clock: Clock, took_s: list[float]) -> None:
        self.stats = Stats()
        self.at: list[int] = []
        self.stop: threading.Event | None = None
        self._clock, self._took_s = clock, took_s

    def read(self) -> Cycle:
        self.at.append(self._clock.wall_ms)
        self._clock.step(self._took_s[len(self.at) - 1])
        if len(self.at) == len(self._took_s):
            assert self.stop is not None
            self.stop.set()
        return Cycle(self._clock.now(), ())


class Writer:
    """Keeps nothing; can fail."""

    def __init__(self, fails: bool = False) -> None:
        self.cycles: list[Cycle] = []
        self._fails = fails

    def append(self, cycle: Cycle) -> int:
        if self._fails:
            raise RuntimeError("a defect")
        self.cycles.append(cycle)
        return len(self.cycles)

    def maintain(self) -> None: ...
    def size_bytes(self) -> int:
        return 0

    def pending_cycles(self) -> int:
        return 0

    def lost_cycles(self) -> int:
        return 0

    def close(self) -> None: ...


def looped(
    took_s: list[float], wall_ms: int = 1_003, fails: bool = False
) -> tuple[Collector, Loop]:
    """The loop after it has read one cycle for each of `took_s`, every 5 s."""
    clock = Clock(wall_ms)
    collector = Collector(clock, took_s)
    loop = Loop(collector, Writer(fails), 5.0, clock)
    collector.stop = loop._stop = Waiting(clock)
    loop.start()
    loop._thread.join(60)
    assert not loop._thread.is_alive()
    return collector, loop


def test_the_first_at_once_the_others_on_multiples_of_the_interval() -> None:
    collector, loop = looped([0.1, 0.2, 0.3])
    assert collector.at == [1_003, 5_000, 10_000]
    assert (loop.stats.cycles, loop.stats.skipped_cycles) == (3, 0)
    assert loop.stats.duration_s == pytest.approx(0.3)


def test_what_a_long_cycle_ran_into_is_skipped_and_counted() -> None:
    collector, loop = looped([0.1, 12.0, 0.1])
    assert collector.at == [1_003, 5_000, 20_000]
    assert loop.stats.skipped_cycles == 2


@pytest.mark.parametrize("jump_ms", [3_600_000, -3_600_000])
def test_a_clock_that_is_set_changes_no_waiting_time(jump_ms: int) -> None:
    collector, _ = looped([0.1, 0.1], wall_ms=10_000_003 + jump_ms)
    assert collector.at[1] - collector.at[0] == 4_997


def test_a_defect_is_counted_and_the_next_cycle_read() -> None:
    collector, loop = looped([0.1, 0.1], fails=True)
    assert len(collector.at) == 2
    assert loop.stats.errors == {"cycle": 2}
    assert loop.last is None


def test_the_newest_cycle_carries_its_number() -> None:
    _, loop = looped([0.1, 0.1])
    assert loop.last is not None
    assert loop.last.seq == 2


@pytest.fixture
def real() -> Iterator[Loop]:
    clock = Clock(0)
    collector = Collector(clock, [0.0] * 1_000_000)
    loop = Loop(collector, Writer(), 3600.0, clock)
    yield loop
    loop.stop()


def test_stopping_does_not_wait_for_the_next_cycle(real: Loop) -> None:
    real.start()
    real.stop()
    assert not real._thread.is_alive()


def test_stopping_what_never_started(real: Loop) -> None:
    real.stop()
