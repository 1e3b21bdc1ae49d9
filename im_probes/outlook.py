"""The host's forecasts, from what the store remembers: once for the host, not for each message."""

import logging
from collections.abc import Callable, Iterable, Mapping

from collector.clock import Clock
from collector.store import StoreError, StoreReader
from im_probes.forecast import Forecast, forecast
from im_probes.history import History, Horizon, Steps
from im_probes.probes.host_monitor import IDLE

log = logging.getLogger(__name__)

KIB, PERCENT = 1024, 100
_CPU = "lxc_host_cpu_seconds_total"
_TOTAL, _AVAILABLE = "lxc_host_memory_total_bytes", "lxc_host_memory_available_bytes"
_RECEIVED = "lxc_host_network_receive_bytes_total"
_SENT = "lxc_host_network_transmit_bytes_total"
METRICS = (_CPU, _TOTAL, _AVAILABLE, _RECEIVED, _SENT)


def _used_cpu(history: History) -> Steps:
    return [each * PERCENT for each in history.growth(_CPU, without=("mode", tuple(IDLE)))]


def _used_memory(history: History) -> Steps:
    amounts = zip(history.gauge(_TOTAL), history.gauge(_AVAILABLE), strict=True)
    return [(total - available) / KIB for total, available in amounts]


HOST: Mapping[str, Callable[[History], Steps]] = {
    "USEDCPU": _used_cpu,
    "USEDMEMORY": _used_memory,
    "NETRX_BW": lambda history: history.growth(_RECEIVED),
    "NETTX_BW": lambda history: history.growth(_SENT),
}
"""Attribute of MONITOR_HOST, in its unit → its history."""


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
            if step != horizon.step(now_ms):
                known = self._made(horizon, now_ms)
                self._known[horizon.suffix] = horizon.step(now_ms), known
            found.update(known)
        return found

    def _made(self, horizon: Horizon, now_ms: int) -> dict[str, Forecast]:
        try:
            history = History(self._reader, ("host", self._host), METRICS, horizon, now_ms)
            made = {
                name: forecast(find(history), horizon.ahead, horizon.guesses)
                for name, find in HOST.items()
            }
        except StoreError as error:
            log.warning("no forecasts: %s", error)
            return {}
        return {f"{name}{horizon.suffix}": each for name, each in made.items() if each}
