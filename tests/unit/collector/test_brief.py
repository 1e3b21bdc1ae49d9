"""The short way into a store gives what the reader proper gives."""

import math
import sqlite3
from pathlib import Path

import pytest

from collector import brief
from collector.model import MISSING, Column, Columns, Cycle, Entity, Row, Stamp
from collector.reading import readings
from collector.store import schema
from collector.store.reader import SqliteReader
from collector.store.settings import StoreSettings
from collector.store.writer import SqliteWriter

ODD = 'a "b" \\ é \udc80'
COLUMNS: Columns = (
    Column("lxc_state", (("state", "running"),)),
    Column("lxc_cpu_usage_seconds_total"),
    Column("lxc_network_receive_bytes_total", (("device", "eth0"),)),
    Column("lxc_network_receive_bytes_total", (("device", ODD),)),
)


class Clock:
    def now(self) -> Stamp:
        return Stamp(0, 0, "b")


def cycle(second: int, *rows: Row, boot: str = "b") -> Cycle:
    return Cycle(Stamp(1000 * second, second * 10**9, boot), rows)


def row(name: str, cpu: float, generation: int = 1, kind: str = "container") -> Row:
    return Row(Entity(kind, name, ()), generation, COLUMNS, (1.0, cpu, 2 * cpu, MISSING))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Three cycles; `gone` is in the first ones only, `again` has another life in the last."""
    path = tmp_path / "store" / "nebulxc.sqlite"
    writer = SqliteWriter(path, StoreSettings(free_reserve_bytes=0), Clock())
    writer.append(cycle(1, row("one-7", 1.0), row(ODD, 1.0), row("gone", 1.0)))
    writer.append(cycle(2, row("one-7", 2.0), row("again", 9.0), row("gone", 1.0)))
    writer.append(cycle(4, row("one-7", 5.0), row("again", 10.0, 2), row(ODD, 3.0)))
    writer.append(cycle(6, row("one-7", 6.0), row("again", 12.0, 2), row("h", 1.0, kind="host")))
    writer.close()
    return path


def figures(found: brief.Newest) -> dict[str, object]:
    return {
        entity.name: [
            (
                metric,
                list(entity.labelled(metric)),
                entity.value(metric),
                entity.total(metric),
                list(entity.rates(metric)),
                entity.rate(metric),
            )
            for metric in ("lxc_state", "lxc_cpu_usage_seconds_total", COLUMNS[2].metric, "none")
        ]
        for entity in found.entities
    }


def test_the_same_as_the_reader_proper(store: Path) -> None:
    found = brief.newest(str(store), ("container", "host"))
    assert found is not None
    before, now = SqliteReader(store).recent(2)
    proper = readings(now, before)
    stamp = now.stamp
    assert (found.wall_ms, found.mono_ns, found.boot_id) == (
        stamp.wall_ms,
        stamp.mono_ns,
        stamp.boot_id,
    )
    entities = list(proper.values())
    like = brief.Newest(0, 0, "", entities)  # type: ignore[arg-type]  # any Lookup will do here
    assert figures(found) == figures(like)
    assert {entity.kind for entity in found.entities} == {"container", "host"}


def test_names_and_labels_of_any_kind(store: Path) -> None:
    writer = SqliteWriter(store, StoreSettings(free_reserve_bytes=0), Clock())
    writer.append(cycle(7, row(ODD, 1.0)))
    writer.close()
    (found,) = (brief.newest(str(store), ("container",)) or pytest.fail("no cycle")).entities
    assert found.name == ODD
    assert dict(found.now().index[COLUMNS[2].metric]) == {
        (("device", "eth0"),): 2,
        (("device", ODD),): 3,
    }
    assert math.isnan(found.now().values[3])


def test_without_the_cycle_before_there_are_no_rates(store: Path) -> None:
    found = brief.newest(str(store), ("container",), rates=False)
    assert found is not None
    assert all(entity.earlier() is None for entity in found.entities)


def test_no_rate_over_a_boot(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    writer = SqliteWriter(path, StoreSettings(free_reserve_bytes=0), Clock())
    writer.append(cycle(1, row("one-7", 1.0)))
    writer.append(cycle(2, row("one-7", 2.0), boot="another"))
    writer.close()
    found = brief.newest(str(path), ("container",))
    assert found is not None
    assert found.entities[0].rate("lxc_cpu_usage_seconds_total") is None


def test_whatever_is_unusual_is_left_to_the_reader_proper(tmp_path: Path, store: Path) -> None:
    assert brief.newest(str(tmp_path / "none.sqlite"), ("host",)) is None
    assert brief.newest(str(tmp_path / "what?.sqlite"), ("host",)) is None
    (tmp_path / "text").write_text("not a database")
    assert brief.newest(str(tmp_path / "text"), ("host",)) is None
    with sqlite3.connect(tmp_path / "other.sqlite") as db:
        db.execute("CREATE TABLE cycle(seq)")
    db.close()
    assert brief.newest(str(tmp_path / "other.sqlite"), ("host",)) is None
    db = sqlite3.connect(store)
    db.execute("DELETE FROM cycle")
    db.commit()
    db.close()
    assert brief.newest(str(store), ("host",)) is None


def test_it_reads_the_version_that_is_written() -> None:
    assert (brief.APPLICATION_ID, brief.VERSION) == (schema.APPLICATION_ID, schema.VERSION)
