"""A store in memory, a clock that tests step, and a host with containers to put into them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from collector.model import Column, Columns, Cycle, Entity, Point, Row, Series, Stamp
from collector.store import CatalogueEntry, Span, StoreError
from web.app import create_app
from web.settings import PageSettings

START_MS = 1_763_800_000_000
BOOT = "3b6b5b1e-0000-4000-8000-000000000001"


@dataclass
class SteppedClock:
    stamp: Stamp = field(default_factory=lambda: Stamp(START_MS, 1_000_000_000_000, BOOT))

    def now(self) -> Stamp:
        return self.stamp

    def advance(self, seconds: float) -> None:
        self.stamp = Stamp(
            self.stamp.wall_ms + round(seconds * 1000),
            self.stamp.mono_ns + round(seconds * 1e9),
            self.stamp.boot_id,
        )

    def jump(self, seconds: float) -> None:
        """Wall time alone, as when someone sets the clock."""
        self.stamp = replace(self.stamp, wall_ms=self.stamp.wall_ms + round(seconds * 1000))


@dataclass
class MemoryStore:
    """A `StoreReader` over a list of cycles; `trouble` makes every call fail as a store does."""

    cycles: list[Cycle] = field(default_factory=list)
    trouble: Exception | None = None
    calls: int = 0

    def append(self, cycle: Cycle) -> None:
        self.cycles.append(replace(cycle, seq=len(self.cycles) + 1))

    def _ask(self) -> list[Cycle]:
        self.calls += 1
        if self.trouble is not None:
            raise self.trouble
        return self.cycles

    def latest(self) -> Cycle | None:
        cycles = self._ask()
        return cycles[-1] if cycles else None

    def recent(self, cycles: int = 2) -> Sequence[Cycle]:
        return self._ask()[-cycles:]

    def latest_of(self, kind: str, name: str, cycles: int = 2) -> Sequence[Cycle]:
        return [
            replace(cycle, rows=(row,))
            for cycle in self._ask()
            for row in cycle.rows
            if (row.entity.kind, row.entity.name) == (kind, name)
        ][-cycles:]

    def series(self, kind: str, name: str, metric: str, span: Span) -> Sequence[Series]:
        points: dict[Column, list[Point]] = {}
        for cycle in self.latest_of(kind, name, 10**9):
            stamp = cycle.stamp
            if not span.since_ms <= stamp.wall_ms <= span.until_ms:
                continue
            row = cycle.rows[0]
            for column, value in zip(row.columns, row.values, strict=True):
                if column.metric == metric:
                    point = Point(stamp.wall_ms, stamp.mono_ns, row.generation, value, value, value)
                    points.setdefault(column, []).append(point)
        common = dict(self.latest_of(kind, name)[-1].rows[0].entity.labels) if points else {}
        return [
            Series(c.metric, (*common.items(), *c.labels), tuple(found))
            for c, found in points.items()
        ]

    def several(self, kind: str, name: str, metrics: Sequence[str], span: Span) -> Sequence[Series]:
        return [one for metric in metrics for one in self.series(kind, name, metric, span)]

    def catalogue(self) -> Sequence[CatalogueEntry]:
        entries: dict[tuple[str, str], CatalogueEntry] = {}
        for cycle in self._ask():
            wall = cycle.stamp.wall_ms
            for row in cycle.rows:
                key = (row.entity.kind, row.entity.name)
                old = entries.get(key, CatalogueEntry(row.entity, (), wall, wall))
                columns = tuple(dict.fromkeys((*old.columns, *row.columns)))
                entries[key] = CatalogueEntry(row.entity, columns, old.first_ms, wall)
        return list(entries.values())

    def close(self) -> None:
        pass


COLUMNS: Columns = (
    Column("lxc_state", (("state", "running"),)),
    Column("lxc_state", (("state", "frozen"),)),
    Column("lxc_start_time_seconds"),
    Column("lxc_cpu_usage_seconds_total"),
    Column("lxc_cpu_seconds_total", (("mode", "user"),)),
    Column("lxc_cpu_seconds_total", (("mode", "system"),)),
    Column("lxc_cpu_limit_cores"),
    Column("lxc_cpu_periods_total"),
    Column("lxc_cpu_throttled_periods_total"),
    Column("lxc_memory_working_set_bytes"),
    Column("lxc_memory_limit_bytes"),
    Column("lxc_network_receive_bytes_total", (("device", "eth0"),)),
    Column("lxc_network_receive_bytes_total", (("device", "eth1"),)),
    Column("lxc_pressure_cpu_waiting_seconds_total"),
)
HOST_COLUMNS: Columns = (
    Column("lxc_host_cpu_seconds_total", (("mode", "user"),)),
    Column("lxc_host_cpu_seconds_total", (("mode", "idle"),)),
    Column("lxc_host_cpus"),
    Column("lxc_host_memory_total_bytes"),
    Column("lxc_host_memory_available_bytes"),
)


def container_row(name: str, at_s: float, generation: int = 1, **labels: str) -> Row:
    """A container that since its start used 0.25 cores, and 1,000 + 500 bytes/s came in."""
    values = [
        *(1.0, 0.0, START_MS / 1000 - 60),
        *(0.25 * at_s, 0.2 * at_s, 0.05 * at_s, 0.5, 10 * at_s, at_s),
        *(64 * 2**20, math.nan),
        *(1000 * at_s, 500 * at_s, 0.1 * at_s),
    ]
    pairs = (("host", "h1"), ("container", name), *labels.items())
    return Row(Entity("container", name, pairs), generation, COLUMNS, values)


def host_row(at_s: float) -> Row:
    values = [0.5 * at_s, 1.5 * at_s, 2.0, 8 * 2**30, 6 * 2**30]
    return Row(Entity("host", "h1", (("host", "h1"),)), 1, HOST_COLUMNS, values)


def own_row(at_s: float) -> Row:
    columns = (Column("lxcmon_cycle_duration_seconds"), Column("lxcmon_cpu_seconds_total"))
    return Row(Entity("self", "h1", (("host", "h1"),)), 1, columns, [0.02, 0.01 * at_s])


@dataclass
class World:
    """A store that is being written, its clock, and a client of its page."""

    store: MemoryStore
    clock: SteppedClock
    settings: PageSettings
    names: list[str] = field(default_factory=lambda: ["web", "one-7"])
    generation: int = 1

    def cycle(self, count: int = 1, interval_s: float = 5.0) -> None:
        """The clock runs on and the agent writes, `count` times."""
        for _ in range(count):
            self.clock.advance(interval_s)
            at_s = (self.clock.stamp.mono_ns - 1_000_000_000_000) / 1e9
            rows = [host_row(at_s), own_row(at_s)]
            for name in self.names:
                labels = {"vmid": name.removeprefix("one-")} if name.startswith("one-") else {}
                rows.append(container_row(name, at_s, self.generation, **labels))
            self.store.append(Cycle(self.clock.now(), tuple(rows)))

    def fail(self, text: str = "the store is gone") -> None:
        self.store.trouble = StoreError(text)

    def client(self) -> FlaskClient:
        return create_app(self.store, self.settings, self.clock).test_client()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    settings = PageSettings(store_dir=tmp_path, version="1.2.3", reserve_bytes=0)
    yield World(MemoryStore(), SteppedClock(), settings)
