"""Real cycles kept in a file: what a collector read on a host, replayed into stores.

A recording is JSON in xz: the stamps of the cycles, and per entity, layout and generation the
cycles ("places") in which it was read so and the values column by column (null: missing).
"""

import json
import lzma
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from collector.model import MISSING, Column, Cycle, Entity, Row, Stamp

Labels = tuple[tuple[str, str], ...]


def dump(cycles: Sequence[Cycle]) -> bytes:
    """The recording of these cycles."""
    runs: dict[tuple[Entity, tuple[Column, ...], int], list[tuple[int, Sequence[float]]]] = {}
    for place, cycle in enumerate(cycles):
        for row in cycle.rows:
            runs.setdefault((row.entity, row.columns, row.generation), []).append(
                (place, row.values)
            )
    whole = {
        "stamps": [[c.stamp.wall_ms, c.stamp.mono_ns, c.stamp.boot_id] for c in cycles],
        "runs": [_dump_run(*key, readings) for key, readings in runs.items()],
    }
    return lzma.compress(json.dumps(whole, separators=(",", ":")).encode())


def _dump_run(
    entity: Entity, columns: Iterable[Column], generation: int, readings: Any
) -> dict[str, Any]:
    return {
        "entity": [entity.kind, entity.name, entity.labels],
        "columns": [[column.metric, column.labels] for column in columns],
        "generation": generation,
        "places": [place for place, _ in readings],
        "values": [
            [None if math.isnan(v) else (int(v) if v.is_integer() else v) for v in values]
            for values in zip(*(values for _, values in readings), strict=True)
        ],
    }


def load(path: Path) -> list[Cycle]:
    """The cycles of a recording."""
    whole = json.loads(lzma.decompress(path.read_bytes()))
    rows: list[list[Row]] = [[] for _ in whole["stamps"]]
    for run in whole["runs"]:
        kind, name, labels = run["entity"]
        entity = Entity(kind, name, _labels(labels))
        columns = tuple(Column(metric, _labels(labels)) for metric, labels in run["columns"])
        for place, values in zip(run["places"], zip(*run["values"], strict=True), strict=True):
            known = [MISSING if v is None else float(v) for v in values]
            rows[place].append(Row(entity, run["generation"], columns, known))
    pairs = zip(whole["stamps"], rows, strict=True)
    return [Cycle(Stamp(*stamp), tuple(own)) for stamp, own in pairs]


def _labels(pairs: Iterable[Sequence[str]]) -> Labels:
    return tuple((name, value) for name, value in pairs)
