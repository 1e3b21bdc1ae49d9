"""Pure: series of one entity → one time axis and a column of values per series."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from collector.model import Labels, Point, Series
from collector.rates import rate as rate_between
from collector.store import Span

Value = float | None


@dataclass(frozen=True, slots=True)
class Column:
    """One series on the shared axis; None where it has no honest value."""

    metric: str
    labels: Labels
    values: list[Value]


@dataclass(frozen=True, slots=True)
class Table:
    """Unix seconds, ascending, and the columns. A gap in the readings is one row of None."""

    time: list[float]
    columns: list[Column]


def lead_in(span: Span, interval_s: float) -> Span:
    """`span` with the reading before it, so that the first point has a rate."""
    lead = max(span.step_ms, round(3 * interval_s * 1000))
    return Span(span.since_ms - lead, span.until_ms, span.step_ms)


def table(
    series: Sequence[Series], span: Span, as_rate: Callable[[str], bool], interval_s: float
) -> Table:
    """Every series between span.since and span.until, counters as rates where `as_rate` says so."""
    keyed = [(found, _keyed(found.points, span, rates=as_rate(found.metric))) for found in series]
    times = _times(series, span)
    axis = _with_gaps(sorted(times), times, max(span.step_ms, round(interval_s * 1000)))
    columns = [
        Column(found.metric, found.labels, [values.get(key) for key, _ in axis])
        for found, values in keyed
    ]
    return Table([wall / 1000 for _, wall in axis], columns)


def _key(wall_ms: int, step_ms: int) -> int:
    return wall_ms // step_ms if step_ms else wall_ms


def _times(series: Sequence[Series], span: Span) -> dict[int, int]:
    """Step → the time of the last reading in it, over all series."""
    times: dict[int, int] = {}
    for found in series:
        for point in found.points:
            if span.since_ms <= point.wall_ms <= span.until_ms:
                key = _key(point.wall_ms, span.step_ms)
                times[key] = max(times.get(key, 0), point.wall_ms)
    return times


def _keyed(points: Sequence[Point], span: Span, *, rates: bool) -> dict[int, Value]:
    readings = _rates(points) if rates else ((point.wall_ms, point.value) for point in points)
    return {
        _key(wall, span.step_ms): None if value is None or math.isnan(value) else value
        for wall, value in readings
    }


def _rates(points: Sequence[Point]) -> Iterable[tuple[int, Value]]:
    """The rate at each point against the last one before it that was read."""
    before: Point | None = None
    for point in points:
        yield point.wall_ms, rate_between(before, point) if before else None
        if not math.isnan(point.value):
            before = point


def _with_gaps(keys: Sequence[int], times: dict[int, int], usual_ms: int) -> list[tuple[int, int]]:
    """(step, time) in order, with a row that no series has in the middle of each gap."""
    walls = [times[key] for key in keys]
    widths = [after - before for before, after in pairwise(walls)]
    longest = 2.5 * max(usual_ms, median(widths) if widths else 0)
    axis: list[tuple[int, int]] = []
    for position, key in enumerate(keys):
        if position and widths[position - 1] > longest:
            axis.append((-1, walls[position - 1] + widths[position - 1] // 2))
        axis.append((key, walls[position]))
    return axis
