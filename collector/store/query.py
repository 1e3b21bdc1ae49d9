"""Metrics of one entity over time: what every tier has of them, joined and cut into steps."""

import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from itertools import starmap

from collector.model import Kind, Point, Series
from collector.store import Span
from collector.store.frame import VALUE, N, Ranges, Streams, key, roll_up_streams, rolled_up
from collector.store.names import Names
from collector.store.readings import Readings, join
from collector.store.tiers import read

Values = tuple["array[float]", "array[float]", "array[float]"]
"""A series' values, minima and maxima."""


def series(
    db: sqlite3.Connection, names: Names, eid: int, metrics: Iterable[str], span: Span
) -> list[Series]:
    """Every column of the metrics that the entity had a value of within the span."""
    columns = {cid: found for name in metrics for cid, found in names.find_columns(name).items()}
    kinds = {cid: kind for cid, (_, kind) in columns.items()}
    parts = read(db, names, eid, kinds, span)
    if not parts:
        return []
    joined = join(parts)
    ranges = joined.times.ranges(span.step_ms)
    streams = joined.streams
    if span.step_ms:
        streams = roll_up_streams(streams, ranges, kinds, joined.generations)
    labels = names.entity(eid).labels
    return [
        Series(column.metric, labels + column.labels, _points(joined, ranges, values))
        for cid, (column, kind) in columns.items()
        if (values := _values(streams, cid, kind)) is not None
    ]


def _values(streams: Streams, cid: int, kind: Kind) -> Values | None:
    """None where every value is missing."""
    if kind is Kind.COUNTER:
        last = streams.get(key(cid, VALUE))
        known = last is not None and any(v == v for v in last)  # noqa: PLR0124 -- not NaN
        return (last, last, last) if last is not None and known else None
    n = streams.get(key(cid, N))
    if n is None or not any(n):
        return None
    low, high, total, n = rolled_up(streams, cid)
    return array("d", starmap(_average, zip(total, n, strict=True))), low, high


def _average(total: float, n: float) -> float:
    return total / n if n else total


def _points(readings: Readings, ranges: Ranges, values: Values) -> tuple[Point, ...]:
    times = readings.times.at_ends(ranges)
    generations: Sequence[int] = [readings.generations[end - 1] for _, end in ranges]
    return tuple(map(Point, times.wall_ms, times.mono_ns, generations, *values))
