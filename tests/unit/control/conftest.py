from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from collector.model import Column, Cycle, Entity, Row, Stamp

Values = Mapping[str | Column, float]

START = Stamp(wall_ms=1_700_000_000_000, mono_ns=1_000_000_000_000, boot_id="boot")


class SteppedClock:
    """A clock that stands still until it is stepped."""

    def __init__(self) -> None:
        self.stamp = START

    def now(self) -> Stamp:
        return self.stamp

    def step(self, seconds: float) -> None:
        self.stamp = replace(
            self.stamp,
            wall_ms=self.stamp.wall_ms + int(seconds * 1000),
            mono_ns=self.stamp.mono_ns + int(seconds * 1e9),
        )


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def cycle(clock: SteppedClock) -> Callable[[Mapping[str, Values]], Cycle]:
    """Containers' values → a cycle of now."""

    def made(containers: Mapping[str, Values]) -> Cycle:
        return Cycle(clock.now(), tuple(_row(name, values) for name, values in containers.items()))

    return made


def _row(name: str, values: Values) -> Row:
    entity = Entity("container", name, (("host", "h"), ("container", name)))
    columns = tuple(key if isinstance(key, Column) else Column(key) for key in values)
    return Row(entity, 1, columns, list(values.values()))
