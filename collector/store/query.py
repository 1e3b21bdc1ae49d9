"""One metric of one entity over time, from the finest readings that the span's step asks for."""

import math
import sqlite3
import struct
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from collector.model import MISSING, Column, Kind, Labels, Point, Series
from collector.store import Span
from collector.store.names import Names


class Reading(NamedTuple):
    """One reading of one column, or a rollup of `n` of them; n 0: read, but missing."""

    wall_ms: int
    mono_ns: int
    generation: int
    last: float
    total: float
    n: float
    low: float
    high: float


def single(wall_ms: int, mono_ns: int, generation: int, value: float) -> Reading:
    """A reading as it was made."""
    n = 0 if math.isnan(value) else 1
    return Reading(wall_ms, mono_ns, generation, value, value, n, value, value)


def points(readings: Iterable[Reading], kind: Kind, step_ms: int) -> Iterator[Point]:
    """One point per step, in the order of reading, which a stepped clock cannot disturb."""
    group: list[Reading] = []
    for reading in readings:
        if group and (not step_ms or reading.wall_ms // step_ms != group[0].wall_ms // step_ms):
            yield _point(group, kind)
            group = []
        group.append(reading)
    if group:
        yield _point(group, kind)


def _point(group: Sequence[Reading], kind: Kind) -> Point:
    end = group[-1]
    known = [reading for reading in group if reading.n]
    if not known:
        return Point(end.wall_ms, end.mono_ns, end.generation, MISSING, MISSING, MISSING)
    if kind is Kind.COUNTER:
        last = known[-1].last
        return Point(end.wall_ms, end.mono_ns, end.generation, last, last, last)
    average = sum(r.total for r in known) / sum(r.n for r in known)
    low, high = min(r.low for r in known), max(r.high for r in known)
    return Point(end.wall_ms, end.mono_ns, end.generation, average, low, high)


def series(db: sqlite3.Connection, names: Names, eid: int, metric: str, span: Span) -> list[Series]:
    """Every column of the metric that the entity had a value of within the span."""
    columns = names.find_columns(metric)
    found = head_readings(db, names, eid, columns.keys(), span)
    labels = names.entity(eid).labels
    return [
        _series(column, kind, labels, found[cid], span.step_ms)
        for cid, (column, kind) in columns.items()
        if any(reading.n for reading in found.get(cid, ()))
    ]


def _series(
    column: Column, kind: Kind, labels: Labels, readings: Sequence[Reading], step_ms: int
) -> Series:
    return Series(column.metric, labels + column.labels, tuple(points(readings, kind, step_ms)))


def head_readings(
    db: sqlite3.Connection, names: Names, eid: int, cids: Container[int], span: Span
) -> dict[int, list[Reading]]:
    """The entity's unsealed readings, by column; a column its layout lacks reads as missing."""
    found = db.execute(
        "SELECT c.wall_ms, c.mono_ns, h.gen, h.lid, h.b FROM cycle c"
        " CROSS JOIN head h ON h.seq=c.seq AND h.eid=?"
        " WHERE c.seq > (SELECT v FROM meta WHERE k='sealed_to') AND c.wall_ms BETWEEN ? AND ?"
        " ORDER BY c.seq",
        [eid, span.since_ms, span.until_ms],
    ).fetchall()
    places: dict[int, dict[int, int]] = {}
    for lid in {row[3] for row in found}:
        places[lid] = {cid: at for at, cid in enumerate(names.cids(lid)) if cid in cids}
    wanted = sorted({cid for place in places.values() for cid in place})
    return {cid: [_head_reading(row, places[row[3]].get(cid)) for row in found] for cid in wanted}


def _head_reading(row: Sequence[Any], at: int | None) -> Reading:
    wall_ms, mono_ns, generation, _, doubles = row
    value = MISSING if at is None else _DOUBLE.unpack_from(doubles, 8 * at)[0]
    return single(wall_ms, mono_ns, generation, value)


_DOUBLE = struct.Struct("=d")
