"""What was sealed, rolled up and folded reads as if every reading were still there.

A plain list of all cycles is the reference: whatever was sealed when, the store must give the
points that the reference gives.
"""

import math
import random
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.model import MISSING, Column, Cycle, Entity, Kind, Point, Row
from collector.rates import rates
from collector.store import Span
from collector.store import seal as sealing
from collector.store.ids import kind_by_name
from collector.store.slices import FRESH, HOUR, MINUTE, RAW
from collector.store.sqlite import SqliteWriter

EVERYTHING = Span(0, 2**52)
METRICS = ("lxc_work_total", "lxc_level")
HOUR_MS = 3_600_000


def expected(cycles: Sequence[Cycle], name: str, metric: str, span: Span) -> list[Point]:
    """The points by the definition, from every reading."""
    groups: list[list[tuple[Cycle, Row]]] = []
    for cycle in cycles:
        wall = cycle.stamp.wall_ms
        if not span.since_ms <= wall <= span.until_ms:
            continue
        for row in cycle.rows:
            if row.entity.name != name:
                continue
            step = span.step_ms or None
            last = groups[-1][-1][0].stamp.wall_ms if groups else None
            if step and last is not None and last // step == wall // step:
                groups[-1].append((cycle, row))
            else:
                groups.append([(cycle, row)])
    return [point(group, metric) for group in groups]


def point(group: list[tuple[Cycle, Row]], metric: str) -> Point:
    cycle, row = group[-1]
    at = (cycle.stamp.wall_ms, cycle.stamp.mono_ns, row.generation)
    values = [
        value
        for _, r in group
        for column, value in zip(r.columns, r.values, strict=True)
        if column.metric == metric and not math.isnan(value)
    ]
    if not values:
        return Point(*at, MISSING, MISSING, MISSING)
    if kind_by_name(metric) is Kind.COUNTER:
        return Point(*at, *[counted(group, metric)] * 3)
    return Point(*at, sum(values) / len(values), min(values), max(values))


def counted(group: list[tuple[Cycle, Row]], metric: str) -> float:
    """The last value in the life that the last reading is of."""
    return next(
        (
            value
            for _, row in reversed(group)
            if row.generation == group[-1][1].generation
            for column, value in zip(row.columns, row.values, strict=True)
            if column.metric == metric and not math.isnan(value)
        ),
        MISSING,
    )


def assert_same(found: Sequence[Point], wanted: Sequence[Point]) -> None:
    assert [p.wall_ms for p in found] == [p.wall_ms for p in wanted]
    assert [p.mono_ns for p in found] == [p.mono_ns for p in wanted]
    assert [p.generation for p in found] == [p.generation for p in wanted]
    for one, other in zip(found, wanted, strict=True):
        values = (one.value, one.low, one.high)
        assert values == pytest.approx((other.value, other.low, other.high), nan_ok=True)


class Diary:
    """Feeds the store and remembers everything that it was fed."""

    def __init__(self, bed: Any, seed: int) -> None:
        self.bed = bed
        self.noise = random.Random(seed)
        self.cycles: list[Cycle] = []
        self.generation = 1
        self.work = 0.0

    def live(self, cycles: int, every_ms: int = 30_000, gone: bool = False) -> None:
        for _ in range(cycles):
            self.work += self.noise.choice([0, 1, 0.25, 1e6])
            rows = (self.row("steady"),) if gone else (self.row("steady"), self.row("one-1"))
            cycle = Cycle(self.bed.clock.now(), rows)
            self.bed.writer.append(cycle)
            self.cycles.append(cycle)
            self.bed.clock.pass_ms(every_ms)

    def row(self, name: str) -> Row:
        columns = (Column("lxc_work_total"), Column("lxc_level"))
        values = [self.work, float(self.noise.randrange(100))]
        if name != "steady":
            if self.noise.random() < 0.1:
                columns = (Column("lxc_extra"), columns[1])
            if self.noise.random() < 0.1:
                values[self.noise.randrange(2)] = MISSING
        return Row(Entity("container", name, ()), self.generation, columns, values)

    def check(self, span: Span = EVERYTHING) -> None:
        for name in ("steady", "one-1"):
            for metric in METRICS:
                wanted = expected(self.cycles, name, metric, span)
                found = self.bed.reader.series("container", name, metric, span)
                if all(math.isnan(p.value) for p in wanted):
                    assert list(found) == []
                else:
                    assert_same(found[0].points, wanted)


@pytest.fixture
def diary(bed: Any) -> Diary:
    return Diary(bed, seed=1)


def test_a_sealed_day_reads_as_it_was(diary: Diary) -> None:
    diary.live(60 * 26, 60_000)
    diary.bed.writer.maintain()
    assert tiers_of(diary.bed) == {RAW, FRESH, MINUTE, HOUR}
    start = diary.cycles[0].stamp.wall_ms
    for step_ms in (0, 45_000, 300_000, HOUR_MS, 6 * HOUR_MS):
        diary.check(Span(0, 2**52, step_ms))
    for step_ms in (0, 60_000, HOUR_MS):
        diary.check(Span(start + 2 * HOUR_MS, start + 25 * HOUR_MS - 1, step_ms))


def tiers_of(bed: Any) -> set[int]:
    db = sqlite3.connect(bed.path)
    found = {tier for (tier,) in db.execute("SELECT DISTINCT tier FROM shown")}
    db.close()
    return found


@pytest.mark.parametrize("step", [-HOUR_MS, HOUR_MS, -10 * HOUR_MS, 10 * HOUR_MS])
def test_a_stepped_clock_shows_every_reading_once_with_true_rates(diary: Diary, step: int) -> None:
    diary.noise.choice = lambda _: 30.0  # type: ignore[method-assign] -- 1 a second
    diary.live(200)
    diary.bed.clock.step_ms(step)
    diary.live(400)
    diary.bed.writer.maintain()
    for step_ms in (0, 60_000, HOUR_MS):
        diary.check(Span(0, 2**52, step_ms))
    (found,) = diary.bed.reader.series("container", "steady", "lxc_work_total", EVERYTHING)
    assert len(found.points) == 600
    assert [rate for _, rate in rates(found.points)] == [1.0] * 599


def test_lives_that_end_within_each_minute_give_no_rate_across_them(diary: Diary) -> None:
    """A container that crashes again and again: each minute ends while it does not run."""
    entity, work = Entity("container", "one-1", ()), Column("lxc_work_total")
    for minute in range(240):
        ran = Row(entity, minute + 1, (work,), [10.0 + minute])
        stopped = Row(entity, 0, (Column("lxc_level"),), [1.0])
        for row in (ran, stopped):
            cycle = Cycle(diary.bed.clock.now(), (row,))
            diary.bed.writer.append(cycle)
            diary.cycles.append(cycle)
            diary.bed.clock.pass_ms(30_000)
    diary.bed.writer.maintain()
    assert FRESH in tiers_of(diary.bed)
    for step_ms in (0, 60_000, HOUR_MS):
        diary.check(Span(0, 2**52, step_ms))
        steps = Span(0, 2**52, step_ms)
        for series in diary.bed.reader.series("container", "one-1", "lxc_work_total", steps):
            assert {rate for _, rate in rates(series.points)} == {None}


def test_a_reboot_within_the_hour(diary: Diary) -> None:
    diary.live(50)
    clock = diary.bed.clock
    clock.stamp = type(clock.stamp)(clock.stamp.wall_ms + 90_000, 5 * 10**9, "boot-2")
    diary.generation, diary.work = 2, 0.0
    diary.live(300)
    diary.bed.writer.maintain()
    diary.check()
    assert diary.bed.reader.latest().stamp.boot_id == "boot-2"


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_whatever_happens(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, new_bed: Callable[..., Any]
) -> None:
    bed = new_bed(tmp_path_factory.mktemp("any"))
    diary = Diary(bed, seed=data.draw(st.integers(0, 1000)))
    happenings = st.sampled_from(["live", "gone", "maintain", "reopen", "step", "pause", "restart"])
    try:
        for event in data.draw(st.lists(happenings, max_size=12)):
            if event in {"live", "gone"}:
                count = data.draw(st.integers(1, 400))
                diary.live(
                    count, data.draw(st.sampled_from([1_000, 5_000, 60_000])), event == "gone"
                )
            elif event == "maintain":
                bed.writer.maintain()
            elif event == "reopen":
                bed.reopen()
            elif event == "step":
                bed.clock.step_ms(data.draw(st.integers(-2 * HOUR_MS, 2 * HOUR_MS)))
            elif event == "pause":
                bed.clock.pass_ms(data.draw(st.integers(0, 30 * HOUR_MS)))
            else:
                diary.generation += 1
                diary.work = 0.0
        diary.check()
        diary.check(Span(0, 2**52, 60_000))
        diary.check(Span(0, 2**52, 2 * HOUR_MS))
    finally:
        bed.writer.close()


def test_stopped_between_seal_and_delete_shows_nothing_twice(
    diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    diary.live(400)

    def die(*_: object) -> int:
        raise OSError("killed here")

    with monkeypatch.context() as patch:
        calls = iter([0, None])
        patch.setattr(sealing, "clear_head", lambda *_: die() if next(calls) is None else 0)
        diary.bed.writer.maintain()
    assert tiers_of(diary.bed) == {RAW, FRESH}
    diary.check()
    diary.bed.writer.maintain()
    diary.check()


def test_stopped_before_the_slice_is_shown_loses_and_doubles_nothing(
    diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    diary.live(400)

    def die(*_: object) -> None:
        raise OSError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr("collector.store.slices.add", die)
        diary.bed.writer.maintain()
    assert tiers_of(diary.bed) == set()
    diary.check()
    diary.bed.writer.maintain()
    assert tiers_of(diary.bed) == {RAW, FRESH}
    diary.check()


def test_a_counter_is_what_the_tables_say(bed: Any) -> None:
    bed.writer.close()
    bed.writer = SqliteWriter(bed.path, bed.settings, bed.clock, lambda _: Kind.COUNTER)
    bed.run(3, every_ms=1_000)
    (found,) = bed.reader.series("container", "one-1", "lxc_level", Span(0, 2**52, 60_000))
    assert [(p.value, p.low) for p in found.points] == [(3.0, 3.0)]


def test_a_metric_of_other_entities_gives_nothing(bed: Any) -> None:
    bed.run(1)
    assert list(bed.reader.series("container", "one-1", "lxc_unheard_of", EVERYTHING)) == []
    assert list(bed.reader.series("container", "nobody", "lxc_level", EVERYTHING)) == []
