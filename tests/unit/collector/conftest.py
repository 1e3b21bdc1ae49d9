"""Collectors over recorded machines, closed with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cycles import Make, SteppedClock

from collector.cycle import Collector, CollectorSettings


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def collector(clock: SteppedClock) -> Iterator[Make]:
    made: list[Collector] = []

    def make(root: Path, **settings: object) -> Collector:
        chosen = CollectorSettings("h", root, root / "ds", (root / "lxc",), **settings)  # type: ignore[arg-type]  # by keyword
        made.append(Collector(chosen, clock))
        return made[-1]

    yield make
    for one in made:
        one.settle(60)  # a call that returns later would open and close files of the next test
        one.close()
