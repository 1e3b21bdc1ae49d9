"""What /metrics answers: the last cycle while it is fresh, and how old it is in any case."""

from collections.abc import Iterator

from collector.freshness import AGE, UP
from web import metrics
from web.definitions import DEFINITIONS
from web.health import age_s
from web.memo import Memo
from web.state import State


class Exposition:
    """The scrape of one store. Raises Unreadable (503, which Prometheus shows as down)."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._renderer = metrics.Renderer(DEFINITIONS)
        self._kept: Memo[bytes] = Memo(2)

    def text(self, accept: str) -> tuple[bytes, str]:
        """The body and its content type: OpenMetrics to those who ask for it.

        A stale cycle is left out: Prometheus would take old values for new ones.
        """
        openmetrics = "application/openmetrics-text" in accept
        cycle = self._state.cycle()
        age = None if cycle is None else age_s(cycle.stamp, self._state.clock.now())
        fresh = age is not None and age <= self._state.settings.stale_s
        shown = cycle if fresh else None
        key = (openmetrics, shown and (shown.seq, shown.stamp))
        body = self._kept.get(key, lambda: self._renderer.cycle(shown, openmetrics=openmetrics))
        end = metrics.END if openmetrics else b""
        kind = metrics.OPENMETRICS if openmetrics else metrics.TEXT
        return body + metrics.own_text(_own(age, fresh=fresh)) + end, kind


def _own(age: float | None, *, fresh: bool) -> Iterator[metrics.PageSample]:
    yield metrics.PageSample(UP.name, UP.help, float(fresh))
    if age is not None:
        yield metrics.PageSample(AGE.name, AGE.help, age)
