"""What a store of cycles can do, whatever engine holds them. One engine is one file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from collector.model import Columns, Cycle, Entity, Series


class StoreError(Exception):
    """The store cannot be used; the text says what, where and what to do."""


@dataclass(frozen=True, slots=True)
class Span:
    """Wall time from `since_ms` to `until_ms`, both inclusive; `step_ms` 0 means every reading."""

    since_ms: int
    until_ms: int
    step_ms: int = 0


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One entity the store knows, every column it ever had, and when it was first and last read."""

    entity: Entity
    columns: Columns
    first_ms: int
    last_ms: int


class StoreReader(Protocol):
    """The reading half. Any process, any user of the group, agent running or not.

    Every call opens, reads and ends its transaction: a reader never holds the writer's log open.
    """

    def latest(self) -> Cycle | None:
        """The cycle stored last (highest seq), or None in an empty store."""
        ...

    def latest_of(self, kind: str, name: str, cycles: int = 2) -> Sequence[Cycle]:
        """The last `cycles` cycles of one entity, oldest first, each with that one row."""
        ...

    def recent(self, cycles: int = 2) -> Sequence[Cycle]:
        """The last `cycles` whole cycles, oldest first: two of them give rates of everything.

        An engine keeps at least the newest 120 as they came; of older ones there are series.
        """
        ...

    def series(self, kind: str, name: str, metric: str, span: Span) -> Sequence[Series]:
        """Every column of `metric` of one entity within `span`, one point per step.

        Points are in the order of reading: after the clock was set back, wall times repeat.
        A column without a value within the span has no series. Empty where the store never saw
        the entity or the metric: `catalogue` tells which.
        """
        ...

    def several(self, kind: str, name: str, metrics: Sequence[str], span: Span) -> Sequence[Series]:
        """What `series` gives for each of `metrics`, in their order: a chart or a page at once."""
        ...

    def catalogue(self) -> Sequence[CatalogueEntry]:
        """Every entity of the store with its columns."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class StoreWriter(Protocol):
    """The writing half: one per store, in the agent."""

    def append(self, cycle: Cycle) -> int:
        """Keep one cycle; its seq, or 0 while the disk takes nothing and it waits in memory.

        ValueError for a row whose values do not fit its columns; never raises for the disk.
        """
        ...

    def maintain(self) -> None:
        """Seal, roll up and expire what is due; each minute, in a thread of its own."""
        ...

    def size_bytes(self) -> int:
        """What the store takes on disk now."""
        ...

    def pending_cycles(self) -> int:
        """Cycles kept in memory because the disk would not take them; 0 in health."""
        ...

    def lost_cycles(self) -> int:
        """Cycles given up since this writer was opened."""
        ...

    def close(self) -> None:
        """Store what is pending and leave the file readable by all its readers."""
        ...


STORE_DIR = Path("/var/lib/nebulxc/store")
FILE_NAME = "nebulxc.sqlite"
