"""The messages of a process that stays: what runs is watched, what may block is asked aside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from collector.addresses import addresses
from collector.datastores import (
    Capacity,
    Disk,
    capacity,
    datastores,
    disk_bytes,
    has_rbd,
    monitored,
    volume_groups,
)
from collector.inventory import Found
from collector.orphans import orphaned
from collector.statfs import Worker
from im_probes import messages
from im_probes.executions import Executions
from im_probes.forecast import Forecast
from im_probes.probes.vm_monitor import outlook, render, unread
from im_probes.probes.vm_status import State, States, failed, states, vmid_of
from im_probes.recovery import is_recovering
from im_probes.sight import Sight
from im_probes.vm_outlook import VmOutlook

WAIT_S = 0.5
"""For datastores to answer: one on a dead mount costs this, and its own figures alone."""
AGE_S = 10.0


class Storage:
    """The datastores, asked in a thread that may hang: what does not answer is left out."""

    def __init__(self, location: Path, worker: "Worker[object]") -> None:
        self._location, self._worker = location, worker

    def capacity(self, groups: Mapping[str, Capacity]) -> messages.Storage:
        """Of the place of all datastores, and of each that is to be told; `groups` are LVM's."""
        asked = {number: partial(monitored, path, groups) for number, path in self._all()}
        answers = self._ask("capacity", {-1: partial(capacity, self._location), **asked})
        known = {n: found for n, found in answers.items() if isinstance(found, Capacity)}
        return known.pop(-1, None), sorted(known.items())

    def disks(self, vmids: frozenset[int], *, marked: bool) -> dict[int, dict[Disk, int]]:
        """VM → disk → bytes taken, over all datastores that answer and, with `marked`, whose
        disks hosts are to tell.
        """
        sizes = partial(disk_bytes, vmids=vmids, marked=marked)
        asked = {number: partial(sizes, path) for number, path in self._all()}
        found: dict[int, dict[Disk, int]] = {}
        for answer in self._ask("disks", asked).values():
            if isinstance(answer, dict):
                for vmid, disks in answer.items():
                    found.setdefault(vmid, {}).update(disks)
        return found

    def close(self) -> None:
        """Ask nothing more."""
        self._worker.close()

    def _all(self) -> list[tuple[int, str]]:
        found = self._ask("list", {-1: partial(datastores, self._location)}).get(-1)
        return found if isinstance(found, list) else []

    def _ask(self, what: str, calls: Mapping[int, Callable[[], object]]) -> dict[int, object]:
        for number, call in calls.items():
            self._worker.submit((what, number), call)
        self._worker.settle(WAIT_S)
        return {number: self._worker.fresh((what, number), AGE_S) for number in calls}


@dataclass(frozen=True, slots=True)
class Messages:
    """`running` tells who runs right now; `root` holds proc/ and sys/."""

    look: Callable[[], Sight]
    running: Callable[[], Mapping[str, Found]]
    storage: Storage
    version: Callable[[], str]
    outlook: Callable[[], Mapping[str, Forecast]]
    vm_outlook: VmOutlook
    executions: Executions
    root: Path = Path("/")

    def states(self) -> States | None:
        """Every OpenNebula container's state, by what runs now rather than by the last cycle.

        None while containers are being brought back after a boot: there is nothing to tell yet.
        """
        if is_recovering(self.root):
            return None
        known = states(self.look().containers())
        running = {n: each for n, each in self.running().items() if vmid_of(n) is not None}
        up = {vmid for name in running if (vmid := vmid_of(name)) is not None}
        for vmid in known.keys() - up:
            known[vmid] = State.POWEROFF
        for vmid in up:
            if known.get(vmid) != State.SUSPENDED:
                known[vmid] = State.RUNNING
        return failed(known, orphaned(self.root, running, lambda name: running[name].init_pid))

    def monitor_vm(self) -> str:
        """MONITOR_VM: one line per OpenNebula container that runs."""
        named = ((vmid_of(name), each) for name, each in self.running().items())
        found = {vmid: each for vmid, each in named if vmid is not None}
        # The front-end tells what Ceph's images take, and a DISK_SIZE of ours would replace all.
        disks = self.storage.disks(frozenset(found), marked=has_rbd(self.root))
        seen = ((vmid_of(reading.name), reading) for reading in self.look().containers())
        known = {vmid: reading for vmid, reading in seen if vmid is not None and vmid in found}
        self.vm_outlook.see(known.items())
        return "".join(
            render(vmid, reading, self._more(vmid, found[vmid], disks.get(vmid, {})))
            for vmid, reading in known.items()
        )

    def monitor_host(self) -> str:
        """MONITOR_HOST."""
        forecasts = {name: each.value for name, each in self.outlook().items()}
        return messages.monitor_host(self.look(), self.root, forecasts)

    def system_host(self) -> str:
        """SYSTEM_HOST."""
        errors = {name: each.error for name, each in self.outlook().items()}
        sight = self.look()
        storage = self.storage.capacity(volume_groups(sight.host()))
        return messages.system_host(sight, self.root, storage, self.version(), errors)

    def _more(self, vmid: int, found: Found, disks: Mapping[Disk, int]) -> str:
        told = {n: (each.value, each.error) for n, each in self.vm_outlook.of(vmid).items()}
        return unread(disks, addresses(self.root, found.init_pid)) + outlook(told)
