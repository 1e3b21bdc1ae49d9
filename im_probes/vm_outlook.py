"""The containers' forecasts, a few containers at a time, so that no death waits for arithmetic.

The near future starts from what the store has once, and from each MONITOR_VM after that; the far
one is read from the store each hour.
"""

import logging
import math
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from collector.clock import Clock
from collector.lookup import Lookup
from collector.store import StoreError, StoreReader
from im_probes.forecast import Forecast, forecast
from im_probes.history import History, Horizon, Steps
from im_probes.probes.vm_monitor import FINDS

log = logging.getLogger(__name__)

NS = 1_000_000_000
ASKED_AT_ONCE = 1
"""Containers that the store is asked of in one round: each takes some 30 ms or more."""
FAR_EVERY_S = 3600
IN_TURNS = 10
"""Rounds of MONITOR_VM over which the near forecasts of all containers are spread."""


STORED: Mapping[str, tuple[Callable[[History, str], Steps], str]] = {
    "CPU": (History.growth, "lxc_cpu_usage_seconds_total"),
    "MEMORY": (History.gauge, "lxc_memory_working_set_bytes"),
    "NETRX_BW": (History.growth, "lxc_network_receive_bytes_total"),
    "NETTX_BW": (History.growth, "lxc_network_transmit_bytes_total"),
    "DISKRDBYTES_BW": (History.growth, "lxc_disk_read_bytes_total"),
    "DISKWRBYTES_BW": (History.growth, "lxc_disk_written_bytes_total"),
    "DISKRDIOPS_BW": (History.growth, "lxc_disk_reads_completed_total"),
    "DISKWRIOPS_BW": (History.growth, "lxc_disk_writes_completed_total"),
}
"""Attribute of MONITOR_VM → its history, in the metric's unit, and the metric."""
METRICS = tuple(metric for _, metric in STORED.values())


class Recent:
    """A history that goes on: the mean of what is added in each step."""

    def __init__(self, history: Steps, step: int) -> None:
        self._done = array("d", history[:-1])
        self._step, self._sum, self._count = step, 0.0, 0
        self.add(step, history[-1])

    def add(self, step: int, value: float | None) -> None:
        """A value of step number `step`. A clock that was set back adds to the step under way."""
        missed = min(step - self._step, len(self._done))
        if missed > 0:
            self._done.append(self._mean())
            self._done.extend([math.nan] * (missed - 1))
            del self._done[:missed]
            self._step, self._sum, self._count = step, 0.0, 0
        if value is not None and not math.isnan(value):
            self._sum, self._count = self._sum + value, self._count + 1

    def steps(self) -> Steps:
        """All of it, the step under way last."""
        return [*self._done, self._mean()]

    def _mean(self) -> float:
        return self._sum / self._count if self._count else math.nan


@dataclass(slots=True)
class _Vm:
    """One container: its recent history by attribute, its forecasts by horizon."""

    asked_s: float
    recent: dict[str, Recent] = field(default_factory=dict)
    near: dict[str, Forecast] = field(default_factory=dict)
    far: dict[str, Forecast] = field(default_factory=dict)


class VmOutlook:
    """What will be of each container; None for a horizon that is switched off."""

    def __init__(
        self, reader: StoreReader, clock: Clock, near: Horizon | None, far: Horizon | None
    ) -> None:
        self._reader, self._clock, self._near, self._far = reader, clock, near, far
        self._vms: dict[int, _Vm] = {}
        self._round = 0

    def see(self, readings: Iterable[tuple[int, Lookup]]) -> None:
        """One round of MONITOR_VM: (VM id, reading) of every container that runs."""
        found = dict(readings)
        for vmid in self._vms.keys() - found.keys():
            del self._vms[vmid]
        now = self._clock.now()
        self._round += 1
        for vmid, vm in self._vms.items():
            self._add(vm, found[vmid], now.wall_ms)
            if self._near and vmid % IN_TURNS == self._round % IN_TURNS:
                vm.near = _made(self._near, {n: r.steps() for n, r in vm.recent.items()})
        for vmid in self._due(found, now.mono_ns / NS):
            self._ask(vmid, found[vmid].name)

    def of(self, vmid: int) -> dict[str, Forecast]:
        """By attribute of MONITOR_VM: CPU_FORECAST and so on, in the metric's unit."""
        vm = self._vms.get(vmid)
        return {} if vm is None else {**vm.near, **vm.far}

    def _add(self, vm: _Vm, reading: Lookup, wall_ms: int) -> None:
        if self._near:
            step = self._near.step(wall_ms)
            for name, recent in vm.recent.items():
                recent.add(step, FINDS[name](reading))

    def _due(self, found: Iterable[int], now_s: float) -> list[int]:
        """New ones first, then those whose far forecast is old."""
        if not (self._near or self._far):
            return []
        new = [vmid for vmid in found if vmid not in self._vms]
        old = [
            vmid for vmid, vm in self._vms.items() if self._far and now_s - vm.asked_s > FAR_EVERY_S
        ]
        return [*new, *old][:ASKED_AT_ONCE]

    def _ask(self, vmid: int, name: str) -> None:
        now = self._clock.now()
        vm = self._vms.setdefault(vmid, _Vm(0.0))
        vm.asked_s = now.mono_ns / NS
        if self._near and not vm.recent:
            histories = self._histories(name, self._near, now.wall_ms)
            step = self._near.step(now.wall_ms)
            vm.recent = {n: Recent(steps, step) for n, steps in histories.items()}
            vm.near = _made(self._near, histories)
        if self._far:
            vm.far = _made(self._far, self._histories(name, self._far, now.wall_ms))

    def _histories(self, name: str, horizon: Horizon, now_ms: int) -> dict[str, Steps]:
        """What the store remembers; without one a history of nothing, which goes on as well."""
        try:
            history = History(self._reader, ("container", name), METRICS, horizon, now_ms)
            return {each: find(history, metric) for each, (find, metric) in STORED.items()}
        except StoreError as error:
            log.warning("no history of %s: %s", name, error)
            return {attribute: [math.nan] * horizon.kept for attribute in STORED}


def _made(horizon: Horizon, histories: Mapping[str, Steps]) -> dict[str, Forecast]:
    made = {
        name: forecast(steps, horizon.ahead, horizon.guesses) for name, steps in histories.items()
    }
    return {f"{name}{horizon.suffix}": each for name, each in made.items() if each}
