"""Series on one axis: alignment, gaps, rates."""

import math

import pytest

from collector.model import Point, Series
from collector.store import Span
from web.series import lead_in, table

BASE = 1_763_800_000_000
MISSING = math.nan


def point(at_s: float, value: float, generation: int = 1, mono_s: float | None = None) -> Point:
    mono = at_s if mono_s is None else mono_s
    wall_ms = BASE + round(at_s * 1000)
    return Point(wall_ms, round(mono * 1e9), generation, value, value, value)


def gauge(*points: Point, metric: str = "g") -> Series:
    return Series(metric, (), points)


def span(since_s: float, until_s: float, step_s: float = 0) -> Span:
    return Span(*(round(BASE + 1000 * s) for s in (since_s, until_s)), round(step_s * 1000))


def values(found: Series, over: Span, *, rate: bool = False) -> list[float | None]:
    return table([found], over, lambda _: rate, 5.0).columns[0].values


def test_series_that_start_later_have_holes_before() -> None:
    early = gauge(point(0, 1), point(5, 2), point(10, 3))
    late = gauge(point(10, 9), metric="h")
    found = table([early, late], span(0, 10), lambda _: False, 5.0)
    assert found.time == [BASE / 1000 + s for s in (0, 5, 10)]
    assert [column.values for column in found.columns] == [[1, 2, 3], [None, None, 9]]


def test_a_gap_in_the_readings_is_a_row_of_none() -> None:
    found = gauge(point(0, 1), point(5, 1), point(10, 1), point(60, 1), point(65, 1))
    assert values(found, span(0, 70)) == [1, 1, 1, None, 1, 1]


def test_one_late_cycle_is_no_gap() -> None:
    assert values(gauge(point(0, 1), point(5, 1), point(15, 1)), span(0, 20)) == [1, 1, 1]


def test_points_coarser_than_asked_are_no_gaps() -> None:
    minutes = gauge(*(point(60 * n, n) for n in range(5)))
    assert None not in values(minutes, span(0, 300, 10))


def test_a_value_not_read_is_none() -> None:
    assert values(gauge(point(0, 1), point(5, MISSING)), span(0, 5)) == [1, None]


def test_a_step_holds_series_read_at_different_moments() -> None:
    one = gauge(point(58, 1), point(119, 2))
    two = gauge(point(31, 7), metric="h")
    found = table([one, two], span(0, 120, 60), lambda _: False, 5.0)
    assert found.time == [BASE / 1000 + s for s in (58, 119)] or len(found.time) == 2
    assert [column.values for column in found.columns] == [[1, 2], [7, None]]


def test_the_first_point_has_a_rate_by_the_lead_in() -> None:
    asked = span(10, 20)
    assert lead_in(asked, 5.0).since_ms <= asked.since_ms - 5000
    counter = gauge(point(5, 0), point(10, 10), point(15, 30))
    assert values(counter, asked, rate=True) == pytest.approx([2, 4])


def test_no_rate_across_generations_resets_or_missing_readings() -> None:
    counter = gauge(
        point(0, 100), point(5, 110), point(10, 5, 2), point(15, 15, 2), point(20, 1, 2)
    )
    assert values(counter, span(0, 20), rate=True) == [None, 2, None, 2, None]


def test_a_missed_reading_averages_over_both_intervals() -> None:
    counter = gauge(point(0, 0), point(5, MISSING), point(10, 10))
    assert values(counter, span(0, 10), rate=True) == [None, None, 1]


def test_rates_are_of_monotonic_time() -> None:
    counter = gauge(point(0, 0), point(3605, 10, mono_s=5))
    assert values(counter, span(0, 4000), rate=True)[-1] == 2


def test_nothing_is_an_empty_table() -> None:
    assert table([], span(0, 5), lambda _: True, 5.0).time == []
