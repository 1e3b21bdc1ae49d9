"""What /metrics answers: the last cycle while it is fresh, and how old it is in any case."""

from web import metrics
from web.definitions import DEFINITIONS
from web.memo import Memo
from web.state import State, key_of


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
        found = self._state.health()
        snapshot = self._state.snapshot()
        cycle = snapshot.cycle if snapshot is not None and found.ok else None
        key = (openmetrics, cycle is None, key_of(snapshot))
        body = self._kept.get(key, lambda: self._renderer.cycle(cycle, openmetrics=openmetrics))
        own = [metrics.PageSample("lxcmon_up", "Whether readings arrive.", float(found.ok))]
        if found.age_s is not None:
            own.append(
                metrics.PageSample(
                    "lxcmon_last_cycle_age_seconds",
                    "Time since the agent wrote the last reading to the store.",
                    found.age_s,
                )
            )
        present = {column.metric for row in cycle.rows for column in row.columns} if cycle else ()
        tail = metrics.own_text([one for one in own if one.name not in present])
        end = metrics.END if openmetrics else b""
        return body + tail + end, metrics.OPENMETRICS if openmetrics else metrics.TEXT
