"""One entity's row beside the row before it: values, rates and sums by metric name."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from collector.model import Columns, Cycle, Labels, Point, Row, Stamp
from collector.rates import rate

Index = dict[str, list[tuple[Labels, int]]]
"""Metric name → its columns: labels and position."""

_KEPT_LAYOUTS = 2048
_indexes: dict[int, tuple[Columns, Index]] = {}


def index_of(columns: Columns) -> Index:
    """Positions by metric, remembered per columns object: layouts change rarely."""
    known = _indexes.get(id(columns))
    if known is not None and known[0] is columns:
        return known[1]
    index: Index = {}
    for position, column in enumerate(columns):
        index.setdefault(column.metric, []).append((column.labels, position))
    if len(_indexes) >= _KEPT_LAYOUTS:
        _indexes.clear()
    _indexes[id(columns)] = (columns, index)
    return index


@dataclass(frozen=True, slots=True)
class Reading:
    """A row, when it was read, and the row before it where there is one."""

    row: Row
    stamp: Stamp
    before: Row | None = None
    before_stamp: Stamp | None = None

    def labelled(self, metric: str) -> Iterator[tuple[Labels, float]]:
        """Every column of `metric` that was read: its labels and value."""
        for labels, position in index_of(self.row.columns).get(metric, ()):
            value = self.row.values[position]
            if not math.isnan(value):
                yield labels, value

    def value(self, metric: str) -> float | None:
        """The value of the only (or first) column of `metric`; None where unknown."""
        return next((value for _, value in self.labelled(metric)), None)

    def total(self, metric: str) -> float | None:
        """The sum over every column of `metric`; None where there is none."""
        values = [value for _, value in self.labelled(metric)]
        return math.fsum(values) if values else None

    def rates(self, metric: str) -> Iterator[tuple[Labels, float]]:
        """Units per second of every column of `metric` that has an honest rate."""
        if self.before is None or self.before_stamp is None:
            return
        earlier = dict(index_of(self.before.columns).get(metric, ()))
        for labels, position in index_of(self.row.columns).get(metric, ()):
            if labels not in earlier:
                continue
            old = _point(self.before, self.before_stamp, earlier[labels])
            grown = rate(old, _point(self.row, self.stamp, position))
            if grown is not None:
                yield labels, grown

    def rate(self, metric: str) -> float | None:
        """Units per second summed over every column of `metric`; None where there is none."""
        found = [value for _, value in self.rates(metric)]
        return math.fsum(found) if found else None


def _point(row: Row, stamp: Stamp, position: int) -> Point:
    value = row.values[position]
    return Point(stamp.wall_ms, stamp.mono_ns, row.generation, value, value, value)


def readings(cycle: Cycle, before: Cycle | None) -> dict[tuple[str, str], Reading]:
    """Every entity of `cycle` by (kind, name), each beside its row of the cycle before."""
    earlier = {(row.entity.kind, row.entity.name): row for row in before.rows} if before else {}
    stamp = before.stamp if before else None
    found = {}
    for row in cycle.rows:
        key = (row.entity.kind, row.entity.name)
        found[key] = Reading(row, cycle.stamp, earlier.get(key), stamp)
    return found
