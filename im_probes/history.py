"""What the store remembers of one entity, in equal steps: the history that forecasts start from."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from collector.model import Series
from collector.rates import rate
from collector.store import Span, StoreReader
from im_probes.forecast import FAR, NEAR, Guess

MINUTE_MS = 60_000

Steps = list[float]
"""One value per step, oldest first, the step under way last; NaN where unknown."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far ahead, and from how much history in which steps."""

    suffix: str
    step_ms: int
    kept: int
    guesses: tuple[Guess, ...]
    ahead: int

    def step(self, wall_ms: int) -> int:
        """The number of the step of this time."""
        return wall_ms // self.step_ms


def near(minutes: int) -> Horizon:
    """Some minutes ahead, from a day."""
    return Horizon("_FORECAST", 5 * MINUTE_MS, 288, NEAR, max(1, round(minutes / 5)))


def far(minutes: int) -> Horizon:
    """Some days ahead, from two weeks."""
    return Horizon("_FORECAST_FAR", 60 * MINUTE_MS, 336, FAR, max(1, round(minutes / 60)))


class History:
    """Some metrics of one entity, as far back from `now_ms` as a horizon asks for.

    All are read here, in one pass over the store. Raises StoreError.
    """

    def __init__(
        self,
        reader: StoreReader,
        entity: tuple[str, str],
        metrics: Iterable[str],
        horizon: Horizon,
        now_ms: int,
    ) -> None:
        self._horizon = horizon
        self._first = horizon.step(now_ms) - horizon.kept + 1
        span = Span(self._first * horizon.step_ms, now_ms, horizon.step_ms)
        self._series: dict[str, list[Series]] = {metric: [] for metric in metrics}
        for series in reader.several(*entity, list(self._series), span):
            self._series[series.metric].append(series)

    def gauge(self, metric: str) -> Steps:
        """The value of the only column of `metric` in each step."""
        step = self._horizon.step
        points = (point for series in self._series[metric] for point in series.points)
        return self._placed({step(point.wall_ms): point.value for point in points})

    def growth(self, metric: str, without: tuple[str, Sequence[str]] = ("", ())) -> Steps:
        """Units per second, over all columns but those whose label has one of these values."""
        label, values = without
        totals: dict[int, float] = {}
        for series in self._series[metric]:
            if dict(series.labels).get(label) in values:
                continue
            for before, after in pairwise(series.points):
                found, step = rate(before, after), self._horizon.step(after.wall_ms)
                totals[step] = totals.get(step, 0.0) + (math.nan if found is None else found)
        return self._placed(totals)

    def _placed(self, known: dict[int, float]) -> Steps:
        return [known.get(self._first + place, math.nan) for place in range(self._horizon.kept)]
