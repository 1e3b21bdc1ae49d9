from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from collector.model import Cycle
from collector.store import StoreError
from control.sources import Direct, Stored, choose, is_fresh

CPU = "lxc_cpu_usage_seconds_total"


class Reader:
    """The one call that these need of a store."""

    def __init__(self, cycles: Sequence[Cycle] | StoreError) -> None:
        self.cycles = cycles

    def recent(self, cycles: int = 2) -> Sequence[Cycle]:
        if isinstance(self.cycles, StoreError):
            raise self.cycles
        return self.cycles[-cycles:]


def test_a_fresh_store_is_preferred(clock: Any, cycle: Any) -> None:
    first = cycle({"a": {CPU: 1}})
    clock.step(5)
    reader: Any = Reader([first, cycle({"a": {CPU: 2}})])
    source = choose(reader, _fails, clock, 5.0)
    assert isinstance(source, Stored)
    assert source.readings()["container", "a"].rate(CPU) == pytest.approx(0.2)
    assert source.note() == ""


def test_without_an_agent_the_host_is_read(clock: Any, cycle: Any) -> None:
    old: Any = Reader([cycle({"a": {CPU: 1}})])
    clock.step(16)
    source = choose(old, lambda: cycle({"b": {CPU: 1}}), clock, 5.0)
    assert isinstance(source, Direct)
    assert list(source.readings()) == [("container", "b")]
    assert "no agent" in source.note()


@pytest.mark.parametrize("empty_or_broken", [[], StoreError("it is a directory")])
def test_an_unusable_store_means_the_host(clock: Any, cycle: Any, empty_or_broken: Any) -> None:
    reader: Any = Reader(empty_or_broken)
    source = choose(reader, lambda: cycle({}), clock, 5.0)
    assert source.direct
    assert ("it is a directory" in source.note()) == isinstance(empty_or_broken, StoreError)


def test_an_agent_that_stops_is_told(clock: Any, cycle: Any) -> None:
    reader: Any = Reader([cycle({"a": {CPU: 1}})])
    source = choose(reader, _fails, clock, 5.0)
    clock.step(60)
    assert source.readings()
    assert "the agent has stopped" in source.note()


def test_direct_reading_has_rates_from_the_second_time_on(clock: Any, cycle: Any) -> None:
    values = iter([1.0, 4.0])
    source = Direct(lambda: cycle({"a": {CPU: next(values)}}), "")
    assert source.readings()["container", "a"].rate(CPU) is None
    clock.step(3)
    assert source.readings()["container", "a"].rate(CPU) == pytest.approx(1.0)


def test_a_stepped_wall_clock_neither_revives_nor_buries(clock: Any, cycle: Any) -> None:
    made = cycle({})
    clock.stamp = replace(clock.stamp, wall_ms=clock.stamp.wall_ms + 3_600_000)
    assert is_fresh(made, clock, 5.0)
    clock.stamp = replace(clock.stamp, boot_id="another boot")
    assert not is_fresh(made, clock, 5.0)


def _fails() -> Cycle:
    raise AssertionError("the host must not be read")
