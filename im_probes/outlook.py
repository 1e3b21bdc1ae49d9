"""The host's forecasts, from what the store remembers: once for the host, not for each message."""

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collector.clock import Clock
from collector.model import Series
from collector.rates import rate
from collector.store import Span, StoreError, StoreReader
from im_probes.forecast import FAR, NEAR, Forecast, Guess, forecast
from im_probes.probes.host_monitor import IDLE

log = logging.getLogger(__name__)

MS, MINUTE_MS = 1_000, 60_000
KIB, PERCENT = 1024, 100


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far ahead, and from how much history in which steps."""

    suffix: str
    step_ms: int
    kept: int
    guesses: tuple[Guess, ...]
    ahead: int

    def span(self, now_ms: int) -> Span:
        """The history: whole steps, the last one under way."""
        end = now_ms // self.step_ms * self.step_ms
        return Span(end - (self.kept - 1) * self.step_ms, now_ms, self.step_ms)


def near(minutes: int) -> Horizon:
    """Some minutes ahead, from a day."""
    return Horizon("_FORECAST", 5 * MINUTE_MS, 288, NEAR, max(1, round(minutes / 5)))


def far(minutes: int) -> Horizon:
    """Some days ahead, from two weeks."""
    return Horizon("_FORECAST_FAR", 60 * MINUTE_MS, 336, FAR, max(1, round(minutes / 60)))


def gauge(series: list[Series], horizon: Horizon, first: int) -> list[float]:
    """The value in each step from number `first` on, NaN where unknown."""
    known = {
        point.wall_ms // horizon.step_ms: point.value for each in series for point in each.points
    }
    return [known.get(first + place, math.nan) for place in range(horizon.kept)]


def growth(series: list[Series], horizon: Horizon, first: int) -> list[float]:
    """Units per second in each step, over all series; NaN where one of those there is unknown."""
    totals: dict[int, float] = {}
    for each in series:
        for before, after in zip(each.points, each.points[1:], strict=False):
            found = rate(before, after)
            step = after.wall_ms // horizon.step_ms
            totals[step] = totals.get(step, 0.0) + (math.nan if found is None else found)
    return [totals.get(first + place, math.nan) for place in range(horizon.kept)]


class Outlook:
    """What will be of one host. Asked again within a step it gives the same answer."""

    def __init__(
        self, reader: StoreReader, clock: Clock, host: str, horizons: Iterable[Horizon]
    ) -> None:
        self._reader, self._clock, self._host = reader, clock, host
        self._horizons = tuple(horizons)
        self._known: dict[str, tuple[int, Mapping[str, Forecast]]] = {}

    def forecasts(self) -> dict[str, Forecast]:
        """By attribute of MONITOR_HOST: USEDCPU_FORECAST and so on; what is unknown is absent."""
        now_ms = self._clock.now().wall_ms
        found: dict[str, Forecast] = {}
        for horizon in self._horizons:
            step, known = self._known.get(horizon.suffix, (-1, {}))
            if step != now_ms // horizon.step_ms:
                known = self._asked(horizon, now_ms)
                self._known[horizon.suffix] = now_ms // horizon.step_ms, known
            found.update(known)
        return found

    def _asked(self, horizon: Horizon, now_ms: int) -> dict[str, Forecast]:
        try:
            return self._computed(horizon, now_ms)
        except StoreError as error:
            log.warning("no forecasts: %s", error)
            return {}

    def _computed(self, horizon: Horizon, now_ms: int) -> dict[str, Forecast]:
        used_cpu = self._used_cpu(horizon, now_ms)
        totals = self._series("lxc_host_memory_total_bytes", horizon, now_ms)
        free = self._series("lxc_host_memory_available_bytes", horizon, now_ms)
        first = horizon.span(now_ms).since_ms // horizon.step_ms
        total, available = gauge(totals, horizon, first), gauge(free, horizon, first)
        used = [t - a for t, a in zip(total, available, strict=True)]
        found = {"USEDCPU": used_cpu, "USEDMEMORY": [each / KIB for each in used]}
        for name, way in (("NETRX_BW", "receive"), ("NETTX_BW", "transmit")):
            counted = self._series(f"lxc_host_network_{way}_bytes_total", horizon, now_ms)
            found[name] = growth(counted, horizon, first)
        made = {
            name: forecast(values, horizon.ahead, horizon.guesses) for name, values in found.items()
        }
        return {f"{name}{horizon.suffix}": each for name, each in made.items() if each}

    def _used_cpu(self, horizon: Horizon, now_ms: int) -> list[float]:
        modes = self._series("lxc_host_cpu_seconds_total", horizon, now_ms)
        busy = [each for each in modes if dict(each.labels)["mode"] not in IDLE]
        first = horizon.span(now_ms).since_ms // horizon.step_ms
        return [each * PERCENT for each in growth(busy, horizon, first)]

    def _series(self, metric: str, horizon: Horizon, now_ms: int) -> list[Series]:
        return list(self._reader.series("host", self._host, metric, horizon.span(now_ms)))
