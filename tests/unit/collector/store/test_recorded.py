"""Forty minutes of a real host, its collector and 20 busybox containers, through the store."""

import math
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support import recording

from collector.model import Column, Cycle
from collector.store import Span, seal, slices

CYCLES = Path(__file__).parents[3] / "captures/cycles/busybox-20-every-5s.json.xz"
BYTES_PER_SAMPLE = 1.3


@pytest.fixture(scope="module")
def recorded() -> list[Cycle]:
    """As recorded, but from the first moment of an hour on."""
    cycles = recording.load(CYCLES)
    shift = 1_800_000_000_000 - cycles[0].stamp.wall_ms
    return [replace(c, stamp=replace(c.stamp, wall_ms=c.stamp.wall_ms + shift)) for c in cycles]


@pytest.fixture(scope="module")
def sealed(
    recorded: list[Cycle], new_bed: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """A store whose head has left all of it but a last cycle, an hour later."""
    bed = new_bed(tmp_path_factory.mktemp("recorded"))
    for cycle in recorded:
        bed.writer.append(cycle)
    last = recorded[-1].stamp
    later = replace(last, wall_ms=last.wall_ms + 3_600_000)
    for _ in range(seal.KEEP_CYCLES):
        bed.writer.append(Cycle(later, ()))
    bed.writer.maintain()
    yield bed
    bed.writer.close()


def test_a_real_sample_takes_few_bytes(sealed: Any, recorded: list[Cycle]) -> None:
    samples = sum(1 for c in recorded for row in c.rows for v in row.values if not math.isnan(v))
    assert samples > 300_000
    db = sqlite3.connect(sealed.path)
    (size,) = db.execute(
        "SELECT sum(length(chunk.b)) FROM chunk JOIN shown USING(tier, first_seq) WHERE tier=?",
        [slices.RAW],
    ).fetchone()
    db.close()
    assert size / samples <= BYTES_PER_SAMPLE


@pytest.mark.parametrize("kind", ["host", "self", "container"])
def test_every_recorded_value_comes_back(sealed: Any, recorded: list[Cycle], kind: str) -> None:
    entity = next(r.entity for r in recorded[-1].rows if r.entity.kind == kind)
    span = Span(0, recorded[-1].stamp.wall_ms)
    wanted = columns_of(recorded, entity.name, kind)
    found: dict[Column, list[float]] = {}
    for metric in dict.fromkeys(column.metric for column in wanted):
        for series in sealed.reader.series(kind, entity.name, metric, span):
            column = Column(metric, series.labels[len(entity.labels) :])
            found[column] = [point.value for point in series.points]
    assert found.keys() == wanted.keys()
    for column, values in wanted.items():
        assert found[column] == pytest.approx(values, rel=0, abs=0, nan_ok=True), column


@pytest.mark.parametrize("step_ms", [0, 60_000, 300_000])
def test_several_metrics_at_once_say_what_each_says(
    sealed: Any, recorded: list[Cycle], step_ms: int
) -> None:
    entity = next(r.entity for r in recorded[-1].rows if r.entity.kind == "container")
    span = Span(recorded[100].stamp.wall_ms, recorded[-1].stamp.wall_ms, step_ms)
    wanted = columns_of(recorded, entity.name, "container")
    metrics = [*dict.fromkeys(column.metric for column in wanted), "lxc_unheard_of"]
    each = [sealed.reader.series("container", entity.name, metric, span) for metric in metrics]
    at_once = sealed.reader.several("container", entity.name, metrics, span)
    # As text: a missing value does not equal itself.
    assert repr(list(at_once)) == repr([series for found in each for series in found])
    assert len(at_once) == len(wanted)


def columns_of(cycles: list[Cycle], name: str, kind: str) -> dict[Column, list[float]]:
    """Every column's values over all cycles; without those that never had one."""
    rows = [
        dict(zip(row.columns, row.values, strict=True))
        for cycle in cycles
        for row in cycle.rows
        if (row.entity.kind, row.entity.name) == (kind, name)
    ]
    columns = dict.fromkeys(column for row in rows for column in row)
    values = {column: [row.get(column, math.nan) for row in rows] for column in columns}
    return {c: v for c, v in values.items() if not all(map(math.isnan, v))}
