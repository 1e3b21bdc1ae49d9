"""What the collector's tables say of each metric, by name."""

from collections.abc import Mapping

from collector import metrics
from collector.model import Kind, Metric

DEFINITIONS: Mapping[str, Metric] = {
    metric.name: metric
    for table in (metrics.CONTAINER, metrics.HOST, metrics.SELF)
    for group in table.values()
    for metric in group.metrics
}


def is_counter(name: str) -> bool:
    """Whether rates of it make sense; a name no table knows is judged by its suffix."""
    metric = DEFINITIONS.get(name)
    return metric.kind is Kind.COUNTER if metric else name.endswith("_total")


def unit(name: str) -> str:
    """The base unit of its values; "" for a plain count or an unknown name."""
    metric = DEFINITIONS.get(name)
    return metric.unit if metric else ""
