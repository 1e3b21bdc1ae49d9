"""What the collector speaks in: metrics, columns, rows and cycles.

A *cycle* is one reading of everything at one time. It holds a *row* per entity (a container,
the host, the collector itself). A row is a list of floats beside its *columns*: columns change
rarely (a NIC was added), values every cycle, so a steady-state cycle builds no object per value.
`samples()` turns rows into self-describing samples for people and programs.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

Labels = tuple[tuple[str, str], ...]
"""Label pairs in a fixed order; names as in Prometheus, values any text."""

MISSING = math.nan
"""The value of a column that could not be read in this cycle. Never 0: absent is absent."""


class Kind(StrEnum):
    """How a metric's values relate over time."""

    COUNTER = "counter"
    """Only grows within one generation; a rate is taken at read time."""
    GAUGE = "gauge"
    """May go either way; averages, minima and maxima have a meaning."""


@dataclass(frozen=True, slots=True)
class Metric:
    """The definition of one metric: what docs/metrics.md, HELP and TYPE lines say of it.

    `unit` is a base unit ("seconds", "bytes", "" for a plain count), `labels` the label names a
    column of it carries beside its entity's, `source` the file it comes from and where the
    kernel documents that, `limits` what the figure cannot tell.
    """

    name: str
    kind: Kind
    unit: str
    help: str
    source: str
    labels: tuple[str, ...] = ()
    limits: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One series of an entity: a metric's name and the labels it has beside its entity's."""

    metric: str
    labels: Labels = ()


Columns = tuple[Column, ...]
"""The columns of a row. The same object for as long as nothing changed: compare with `is`."""


@dataclass(frozen=True, slots=True)
class Entity:
    """What a row is about. Unique by (kind, name); `labels` go on each of its series."""

    kind: str
    """"container", "host" or "self"."""
    name: str
    labels: Labels


@dataclass(frozen=True, slots=True)
class Row:
    """The values of one entity in one cycle, in the order of `columns`; MISSING where unread.

    `generation` changes whenever the entity's counters may have started anew: another init
    process, another cgroup, another boot. No rate is ever taken across two generations.
    It fits in 53 bits, so that it survives a float.
    """

    entity: Entity
    generation: int
    columns: Columns
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something was read. Wall time may jump; monotonic time may not, within one boot."""

    wall_ms: int
    mono_ns: int
    boot_id: str


@dataclass(frozen=True, slots=True)
class Cycle:
    """Everything read at one time, `seq` counting cycles of this store from 1 (0: not stored)."""

    stamp: Stamp
    rows: tuple[Row, ...]
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """One value with its full name, as `nebulxc sample` prints it."""

    metric: str
    labels: Labels
    value: float


@dataclass(frozen=True, slots=True)
class Point:
    """One step of a series: the time of its last reading and its value.

    A counter's `value` is its last known reading (where the step's last reading lacked it, one from
    before that time: what it misses is in the next step) and `low`/`high` equal it; a gauge's is
    the average over the step with its minimum and maximum. MISSING marks a step that was read
    without this series; steps in which nothing was read at all have no point.
    """

    wall_ms: int
    mono_ns: int
    generation: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Series:
    """One column of one entity over time, oldest point first."""

    metric: str
    labels: Labels
    points: tuple[Point, ...]


def samples(cycle: Cycle) -> Iterator[Sample]:
    """Every value of the cycle that was read, with entity and column labels together."""
    for row in cycle.rows:
        for column, value in zip(row.columns, row.values, strict=True):
            if not math.isnan(value):
                yield Sample(column.metric, row.entity.labels + column.labels, value)


def label_text(labels: Labels) -> str:
    """name="value",name="value", escaped as Prometheus does."""
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
