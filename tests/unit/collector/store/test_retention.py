"""What is forgotten when: by age, by size, and never because a clock was wrong."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from collector.model import Column, Row, Stamp
from collector.store import Span, schema
from collector.store.retention import clock_trusted
from collector.store.slices import FRESH, HOUR, MINUTE, RAW
from collector.store.sqlite import StoreSettings

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
EQUAL = {"raw_days": 90, "minute_days": 90}
"""The default ratio would take all of a young store's raw slices before its minutes."""


def slices_of(bed: Any) -> dict[int, int]:
    """How many slices each tier shows."""
    return dict(ask(bed, "SELECT tier, count(*) FROM shown GROUP BY tier"))


def ask(bed: Any, sql: str) -> list[Any]:
    db = sqlite3.connect(bed.path)
    found = db.execute(sql).fetchall()
    db.close()
    return found


def keep(**changes: float) -> StoreSettings:
    return replace(StoreSettings(free_reserve_bytes=0), **changes)  # type: ignore[arg-type] -- keywords of a test


def live_hours(bed: Any, hours: int) -> None:
    bed.run(hours * 60, every_ms=60_000)


def test_each_tier_is_kept_for_its_own_time(bed: Any) -> None:
    bed.reopen(keep(raw_days=0.5, minute_days=2, hour_days=3))
    live_hours(bed, 30)
    bed.writer.maintain()
    counts = slices_of(bed)
    assert 9 <= counts[RAW] <= 11  # and two in the head
    assert (counts[FRESH], counts[MINUTE], counts[HOUR]) == (12, 1, 1)
    bed.clock.pass_ms(2 * DAY_MS)
    live_hours(bed, 3)
    bed.writer.maintain()
    bed.writer.maintain()
    counts = slices_of(bed)
    assert counts[RAW] <= 2
    assert HOUR in counts
    bed.clock.pass_ms(4 * DAY_MS)
    live_hours(bed, 3)
    bed.writer.maintain()
    bed.writer.maintain()
    first = ask(bed, "SELECT min(first_seq) FROM shown")[0][0]
    assert first > 30 * 60
    assert ask(bed, "SELECT count(*) FROM chunk WHERE first_seq < 1800") == [(0,)]


def test_what_expired_from_raw_still_answers_in_minutes(bed: Any) -> None:
    bed.reopen(keep(raw_days=0.1))
    start = bed.clock.now().wall_ms
    bed.run(6 * 360, every_ms=10_000)
    bed.writer.maintain()
    (found,) = bed.reader.series(
        "container", "one-1", "lxc_work_total", Span(start, start + HOUR_MS - 1)
    )
    assert [p.value for p in found.points][:3] == [51.0, 111.0, 171.0]
    assert len(found.points) == 60


def test_minutes_outlive_their_time_until_they_are_folded(bed: Any) -> None:
    bed.reopen(keep(raw_days=0, minute_days=0))
    live_hours(bed, 8)
    bed.writer.maintain()
    assert set(slices_of(bed)) == {FRESH}
    live_hours(bed, 24)
    bed.writer.maintain()
    assert set(slices_of(bed)) == {FRESH, HOUR}


def test_the_newest_cycles_stay_whatever_their_age(bed: Any) -> None:
    live_hours(bed, 5)
    bed.clock.pass_ms(4000 * DAY_MS)
    bed.reopen(keep(raw_days=0, minute_days=0, hour_days=0))
    bed.writer.maintain()
    assert len(bed.reader.recent(1000)) >= 120
    assert bed.reader.latest().seq == 300
    bed.reopen()
    bed.run(1)
    assert bed.reader.latest().seq == 301


def bulk(bed: Any, cycles: int) -> None:
    """Cycles that do not compress: 100 columns of noise."""
    columns = tuple(Column(f"lxc_bulk{n}") for n in range(100))
    for _ in range(cycles):
        seed = bed.clock.stamp.mono_ns // 10**9
        values = [float(hash((seed, n)) % 2**50) for n in range(100)]
        bed.add(Row(bed.entity("one-1"), 1, columns, values))
        bed.clock.pass_ms(20_000)


def test_the_size_cap_takes_the_oldest_and_gives_the_space_back(bed: Any) -> None:
    bulk(bed, 180 * 7)
    bed.writer.maintain()
    bed.writer.close()
    whole = bed.path.stat().st_size
    cap = whole // 2
    bed.writer = bed.open(keep(size_cap_bytes=cap, **EQUAL))
    bed.writer.maintain()
    assert bed.writer.size_bytes() <= cap
    left = slices_of(bed)
    assert 1 <= left[RAW] < 6
    assert (
        ask(bed, "SELECT max(last_seq) FROM shown")[0][0]
        == ask(bed, "SELECT v FROM meta WHERE k='sealed_to'")[0][0]
    )
    (found,) = bed.reader.series("container", "one-1", "lxc_bulk7", Span(0, 2**52))
    assert len(found.points) > 180


def test_the_reserve_takes_from_the_store_what_it_lacks(
    bed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk(bed, 180 * 7)
    bed.writer.maintain()
    reserve = 2**40
    bed.reopen(keep(free_reserve_bytes=reserve, **EQUAL))
    size, had = bed.writer.size_bytes(), slices_of(bed)[RAW]
    status = os.statvfs(bed.path.parent)
    full = status_with_free(status, lambda: reserve + size // 2 - bed.writer.size_bytes())
    monkeypatch.setattr(os, "statvfs", full)
    assert bed.add() == 0
    bed.writer.maintain()
    assert 0 < slices_of(bed)[RAW] < had
    assert bed.add() == 180 * 7 + 2, "the waiting cycle and this one"


def status_with_free(status: os.statvfs_result, free: Callable[[], int]) -> Callable[..., Any]:
    """A file system as it is, but for what is free on it."""
    return lambda _: SimpleNamespace(f_frsize=1, f_bavail=free(), f_blocks=status.f_blocks)


def test_a_reserve_beyond_reach_deletes_nothing(bed: Any) -> None:
    live_hours(bed, 5)
    bed.writer.maintain()
    before = slices_of(bed)
    bed.reopen(keep(free_reserve_bytes=2**60))
    bed.writer.maintain()
    assert slices_of(bed) == before
    assert bed.add() == 0


def test_an_entity_is_forgotten_with_its_last_reading(bed: Any) -> None:
    bed.reopen(keep(raw_days=0.1, minute_days=1, hour_days=2))
    bed.run(10, names=["one-1", "one-2"])
    bed.run(72 * 30, every_ms=120_000, names=["one-1"])
    bed.writer.maintain()
    assert [entry.entity.name for entry in bed.reader.catalogue()] == ["one-1"]
    bed.run(2, names=["one-1", "one-2"])
    assert [row.entity.name for row in bed.reader.latest().rows] == ["one-1", "one-2"]
    assert len(bed.reader.latest_of("container", "one-2", 10)) == 2


def test_no_entity_is_forgotten_while_the_head_has_it(bed: Any) -> None:
    bed.reopen(keep(raw_days=0, minute_days=0, hour_days=1))
    bed.run(50, names=["one-1", "one-2"])
    bed.clock.pass_ms(100 * DAY_MS)
    bed.run(3, names=["one-1"])
    bed.writer.maintain()
    assert len(bed.reader.catalogue()) == 2
    assert len(bed.reader.recent(100)) == 53


def stamp(wall_ms: int, mono_s: int, boot: str = "a") -> Stamp:
    return Stamp(wall_ms, mono_s * 10**9, boot)


def test_a_clock_set_ahead_empties_nothing(bed: Any) -> None:
    live_hours(bed, 30)
    bed.writer.maintain()
    before = slices_of(bed)
    bed.clock.step_ms(5000 * DAY_MS)
    live_hours(bed, 2)
    bed.writer.maintain()
    bed.reopen()
    bed.writer.maintain()
    bed.clock.step_ms(-5000 * DAY_MS)
    live_hours(bed, 1)
    bed.writer.maintain()
    assert slices_of(bed)[RAW] >= before[RAW]
    assert slices_of(bed)[MINUTE] >= before[MINUTE]


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:", isolation_level=None)
    schema.create(db)
    assert clock_trusted(db, stamp(0, 0))
    yield db
    db.close()


def test_a_steady_clock_is_trusted(db: sqlite3.Connection) -> None:
    assert clock_trusted(db, stamp(60_000, 60))
    assert clock_trusted(db, stamp(125_000, 120))


def test_a_jump_is_trusted_after_a_day(db: sqlite3.Connection) -> None:
    ahead = 400 * DAY_MS
    assert not clock_trusted(db, stamp(ahead + 60_000, 60))
    assert not clock_trusted(db, stamp(ahead + 120_000, 120))
    assert clock_trusted(db, stamp(ahead + DAY_MS + 60_000, 86_460))


def test_another_boot_starts_with_trust(db: sqlite3.Connection) -> None:
    assert not clock_trusted(db, stamp(400 * DAY_MS, 60))
    assert clock_trusted(db, stamp(400 * DAY_MS, 10, boot="b"))
    assert clock_trusted(db, stamp(400 * DAY_MS + 60_000, 70, boot="b"))
