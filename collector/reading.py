"""One entity's row beside the row before it: values, rates and sums by metric name."""

from dataclasses import dataclass

from collector.lookup import Lookup, Side
from collector.model import Columns, Cycle, Labels, Row, Stamp

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
class Reading(Lookup):
    """A row, when it was read, and the row before it where there is one."""

    row: Row
    stamp: Stamp
    before: Row | None = None
    before_stamp: Stamp | None = None

    @property
    def kind(self) -> str:
        """The entity's kind."""
        return self.row.entity.kind

    @property
    def name(self) -> str:
        """The entity's name."""
        return self.row.entity.name

    def now(self) -> Side:
        """The row."""
        return _side(self.row, self.stamp)

    def earlier(self) -> Side | None:
        """The row before it."""
        if self.before is None or self.before_stamp is None:
            return None
        return _side(self.before, self.before_stamp)


def _side(row: Row, stamp: Stamp) -> Side:
    return Side(index_of(row.columns), row.values, row.generation, stamp.mono_ns)


def readings(cycle: Cycle, before: Cycle | None) -> dict[tuple[str, str], Reading]:
    """Every entity of `cycle` by (kind, name), each beside its row of the cycle before."""
    earlier = {(row.entity.kind, row.entity.name): row for row in before.rows} if before else {}
    stamp = before.stamp if before else None
    found = {}
    for row in cycle.rows:
        key = (row.entity.kind, row.entity.name)
        found[key] = Reading(row, cycle.stamp, earlier.get(key), stamp)
    return found
