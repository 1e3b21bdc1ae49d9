"""Pure: stored series → what `nebulxc query` prints."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from collector.model import Labels, Series, label_text
from collector.rates import rates

Value = float | None
"""None where the value, or an honest rate, is unknown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One series: its whole labels, and (wall ms, value) oldest first."""

    labels: Labels
    points: Sequence[tuple[int, Value]]


def answer(series: Series, *, rate: bool) -> Answer:
    """The values of `series`, or its growth per second against the point before."""
    points: list[tuple[int, Value]]
    if rate:
        points = rates(series.points)
    else:
        points = [
            (point.wall_ms, None if math.isnan(point.value) else point.value)
            for point in series.points
        ]
    return Answer(series.labels, points)


def full_name(metric: str, labels: Labels) -> str:
    """metric{label="value",...}, escaped as Prometheus does."""
    inner = label_text(labels)
    return f"{metric}{{{inner}}}" if inner else metric


def as_text(metric: str, answers: Sequence[Answer], when: Callable[[int], str]) -> Iterator[str]:
    """A heading line per series, then a line per point: local time and value, "-" if unknown."""
    for found in answers:
        yield full_name(metric, found.labels)
        for wall_ms, value in found.points:
            yield f"{when(wall_ms)}  {'-' if value is None else f'{value:.10g}'}"
        yield ""
