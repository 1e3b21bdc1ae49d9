"""What the store's tests share: a clock that is stepped, and cycles made by hand."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from collector.model import Column, Columns, Cycle, Entity, Row, Stamp
from collector.store import FILE_NAME
from collector.store.sqlite import SqliteReader, SqliteWriter, StoreSettings

START_MS = 1_800_000_000_000  # an hour's first millisecond
COLUMNS = (Column("lxc_work_total"), Column("lxc_level"))
SETTINGS = StoreSettings(free_reserve_bytes=0)


@dataclass
class Clock:
    """A clock that only moves when told."""

    stamp: Stamp = field(default_factory=lambda: Stamp(START_MS, 10**9, "boot-1"))

    def now(self) -> Stamp:
        return self.stamp

    def pass_ms(self, ms: int) -> None:
        self.stamp = replace(
            self.stamp,
            wall_ms=self.stamp.wall_ms + ms,
            mono_ns=self.stamp.mono_ns + ms * 1_000_000,
        )

    def step_ms(self, ms: int) -> None:
        self.stamp = replace(self.stamp, wall_ms=self.stamp.wall_ms + ms)


def entity(name: str = "one-1", kind: str = "container") -> Entity:
    return Entity(kind, name, ((kind, name),))


def row(
    values: Sequence[float], name: str = "one-1", generation: int = 1, columns: Columns = COLUMNS
) -> Row:
    return Row(entity(name), generation, columns, values)


class Bed:
    """A store in a directory of the test, written with the stepped clock."""

    settings = SETTINGS

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = Clock()
        self.writer = self.open()
        self.reader = SqliteReader(path)

    entity = staticmethod(entity)

    def open(self, settings: StoreSettings = SETTINGS) -> SqliteWriter:
        return SqliteWriter(self.path, settings, self.clock)

    def reopen(self, settings: StoreSettings = SETTINGS) -> None:
        self.writer.close()
        self.writer = self.open(settings)

    def add(self, *rows: Row) -> int:
        return self.writer.append(Cycle(self.clock.now(), rows))

    def run(self, cycles: int, every_ms: int = 5_000, names: Sequence[str] = ("one-1",)) -> None:
        """Cycles of a counter that grows by 1 a second, a level that swings 0..9."""
        for _ in range(cycles):
            work = self.clock.stamp.mono_ns / 1e9
            level = self.clock.stamp.mono_ns // 10**9 % 10
            self.add(*(row([work, level], name) for name in names))
            self.clock.pass_ms(every_ms)


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    bed = Bed(tmp_path / "store" / FILE_NAME)
    yield bed
    bed.writer.close()


@pytest.fixture
def fresh() -> Callable[..., Row]:
    """How a test makes a row of its own."""
    return row


@pytest.fixture(scope="session")
def new_bed() -> Callable[[Path], Bed]:
    """For tests that need a store for each of many examples; they close it."""
    return lambda directory: Bed(directory / "store" / FILE_NAME)
