"""What the probes look at: the agent's last cycle, or, where it is stale or gone, the host."""

import logging
from typing import TYPE_CHECKING

from collector.clock import Clock
from collector.reading import readings
from collector.store import StoreError, StoreReader
from control.settings.config import Config
from control.sources import Direct, is_fresh
from im_probes.sight import Agent, Sight

if TYPE_CHECKING:
    from collector.cycle import Collector

log = logging.getLogger(__name__)

NS = 1_000_000_000
KEPT_S = 0.2
"""Within one turn several messages look at the host: they see the same."""


class ProbeLook:
    """Call it for a `Sight`. The host is read directly only while the agent's store is no use."""

    def __init__(self, config: Config, reader: StoreReader, clock: Clock) -> None:
        self._config, self._reader, self._clock = config, reader, clock
        self._collector: Collector | None = None
        self._direct: Direct | None = None
        self._kept: tuple[int, Sight] | None = None
        self._said = ""

    def __call__(self) -> Sight:
        """The newest readings, at most KEPT_S old."""
        now = self._clock.now().mono_ns
        if self._kept is None or now - self._kept[0] > KEPT_S * NS:
            self._kept = now, self._looked()
        return self._kept[1]

    def close(self) -> None:
        """Close the store, and the collector if there was need of one."""
        self._reader.close()
        self._end_direct()

    def _looked(self) -> Sight:
        try:
            cycles = self._reader.recent(2)
        except StoreError as error:
            if str(error) != self._said:
                self._said = str(error)
                log.warning("reading the host directly: %s", error)
            return self._read_directly(Agent.DOWN)
        self._said = ""
        if not cycles:
            return self._read_directly(Agent.DOWN)
        if not is_fresh(cycles[-1], self._clock, self._config.collector.interval):
            return self._read_directly(Agent.STALE)
        self._end_direct()
        before = cycles[-2] if len(cycles) > 1 else None
        return Sight(readings(cycles[-1], before).values(), Agent.OK)

    def _read_directly(self, agent: str) -> Sight:
        if self._direct is None:
            # A third of a probe's start-up, which it needs only without an agent.
            from collector.cycle import Collector
            from control import opening

            self._collector = Collector(opening.collector_settings(self._config), self._clock)
            self._direct = Direct(self._collector.read, agent)
        return Sight(self._direct.readings().values(), agent)

    def _end_direct(self) -> None:
        if self._collector is not None:
            self._collector.close()
        self._collector = self._direct = None
