"""The last cycles of one entity as series: one read of the store instead of one per metric."""

from collections.abc import Sequence

from collector.model import Column, Cycle, Point, Series
from collector.reading import index_of
from collector.store import CatalogueEntry, Span, StoreReader

MOST_CYCLES = 1200
SPARE_CYCLES = 5


def recent_series(
    reader: StoreReader,
    entry: CatalogueEntry,
    metrics: Sequence[str],
    span: Span,
    interval_s: float,
) -> Sequence[Series] | None:
    """Every reading of `metrics` within `span`; None where the last cycles do not reach so far."""
    since_ms = max(span.since_ms, entry.first_ms)
    wanted = SPARE_CYCLES + (entry.last_ms - since_ms) / (interval_s * 1000)
    if span.step_ms or wanted > MOST_CYCLES:
        return None
    cycles = reader.latest_of(entry.entity.kind, entry.entity.name, max(1, int(wanted)))
    if not cycles or cycles[0].stamp.wall_ms > since_ms:
        return None
    inside = [c for c in cycles if span.since_ms <= c.stamp.wall_ms <= span.until_ms]
    return series_of(inside, metrics)


def series_of(cycles: Sequence[Cycle], metrics: Sequence[str]) -> list[Series]:
    """The columns of `metrics` that the cycles' only row has, in their order."""
    points: dict[Column, list[Point]] = {}
    for cycle in cycles:
        row, stamp = cycle.rows[0], cycle.stamp
        index = index_of(row.columns)
        for metric in metrics:
            for labels, position in index.get(metric, ()):
                value = row.values[position]
                point = Point(stamp.wall_ms, stamp.mono_ns, row.generation, value, value, value)
                points.setdefault(Column(metric, labels), []).append(point)
    order = {metric: place for place, metric in enumerate(metrics)}
    found = sorted(points.items(), key=lambda one: order[one[0].metric])
    return [Series(column.metric, column.labels, tuple(kept)) for column, kept in found]
