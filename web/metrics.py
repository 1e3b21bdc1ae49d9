"""One cycle → the text Prometheus scrapes, fast enough to be asked for every second.

Everything of a line but its value changes only when a container, NIC or disk comes or goes, so
it is written once per layout; a scrape then joins those prefixes with the values.
"""

import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from collector.model import Cycle, Entity, Kind, Labels, Metric, Row, label_text

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
END = b"# EOF\n"
_TOTAL = "_total"


@dataclass(frozen=True, slots=True)
class PageSample:
    """A gauge of the page's own, beside what the store holds."""

    name: str
    help: str
    value: float


@dataclass(frozen=True, slots=True)
class Family:
    """A metric's series: the text before each value, and where in the cycle that is."""

    prefixes: list[str]
    positions: list[int]


class _Layout:
    """The lines of the rows rendered last. A line is written anew only when its value changed:
    limits, sizes, states and idle counters, half of a host's values, mostly do not."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        found = families(rows)
        self._prefixes = [prefix for family in found.values() for prefix in family.prefixes]
        self._positions = [place for family in found.values() for place in family.positions]
        self._values = [math.nan] * len(self._positions)
        self._lines = [""] * len(self._positions)
        self._ends = list(accumulate(len(family.positions) for family in found.values()))
        self._names = list(found)

    def fits(self, rows: Sequence[Row]) -> bool:
        return len(rows) == len(self._rows) and all(
            new.columns is old.columns and new.entity == old.entity
            for new, old in zip(rows, self._rows, strict=True)
        )

    def lines(self, rows: Sequence[Row]) -> Iterator[tuple[str, list[str]]]:
        """Each metric with its lines; "" where a value was not read."""
        flat = [value for row in rows for value in row.values]
        values = [flat[position] for position in self._positions]
        lines, prefixes = self._lines, self._prefixes
        for at, (value, before) in enumerate(zip(values, self._values, strict=True)):
            if value != before:
                lines[at] = f"{prefixes[at]}{value!r}\n" if value == value else ""  # noqa: PLR0124 - NaN
        self._values = values
        start = 0
        for name, end in zip(self._names, self._ends, strict=True):
            yield name, lines[start:end]
            start = end


class Renderer:
    """Writes cycles as Prometheus text or OpenMetrics; remembers the last layout."""

    def __init__(self, definitions: Mapping[str, Metric]) -> None:
        self._definitions = definitions
        self._lock = threading.Lock()
        self._layout: _Layout | None = None

    def cycle(self, cycle: Cycle | None, *, openmetrics: bool = False) -> bytes:
        """Every series of the cycle; values that were not read have no line."""
        if cycle is None:
            return b""
        parts: list[str] = []
        with self._lock:
            if self._layout is None or not self._layout.fits(cycle.rows):
                self._layout = _Layout(cycle.rows)
            for name, lines in self._layout.lines(cycle.rows):
                if any(lines):
                    parts.append(self._header(name, openmetrics=openmetrics))
                    parts += lines
        return "".join(parts).encode("utf-8", "replace")

    def _header(self, name: str, *, openmetrics: bool) -> str:
        metric = self._definitions.get(name)
        counter = metric.kind is Kind.COUNTER if metric else name.endswith(_TOTAL)
        kind = "counter" if counter else "gauge"
        text = _help(metric.help if metric else "Not described by this version of the page.")
        if openmetrics and counter:
            # OpenMetrics names the family without the suffix that its samples carry.
            name = name.removesuffix(_TOTAL)
        return f"# HELP {name} {text}\n# TYPE {name} {kind}\n"


def own_text(samples: Iterable[PageSample]) -> bytes:
    """The page's own gauges as text."""
    return "".join(
        f"# HELP {one.name} {_help(one.help)}\n# TYPE {one.name} gauge\n{one.name} {one.value!r}\n"
        for one in samples
    ).encode()


def families(rows: Sequence[Row]) -> dict[str, Family]:
    """Every series of `rows` by metric, since a metric's lines must stand together."""
    found: dict[str, Family] = {}
    position = 0
    for row in rows:
        common = label_text(entity_labels(row.entity))
        for column in row.columns:
            own = label_text(column.labels)
            inside = f"{common},{own}" if common and own else common or own
            prefix = f"{column.metric}{{{inside}}} " if inside else f"{column.metric} "
            family = found.setdefault(column.metric, Family([], []))
            family.prefixes.append(prefix)
            family.positions.append(position)
            position += 1
    return dict(sorted(found.items()))


def entity_labels(entity: Entity) -> Labels:
    """Its labels; an OpenNebula container also gets the one that OpenNebula's dashboards key on."""
    vmid = dict(entity.labels).get("vmid")
    if entity.kind == "container" and vmid:
        return (*entity.labels, ("one_vm_id", vmid))
    return entity.labels


def _help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
