"""What each block device is, and whose disk: one cache for all containers of the host."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from collector import diskids
from collector.counted import Counted
from collector.lvm import VolumeGroup
from collector.model import Labels
from collector.rbd import Mapped
from collector.statfs import Usage, Worker
from collector.sysfs import BlockDevice, block_device, printable
from collector.uevents import Uevents

DATASTORES = Path("/var/lib/one/datastores")
CONTAINERS = Path("var/lib/nebulxc/ct")
RECHECK_S = 60.0
USAGES_STUCK, VOLUMES_STUCK, FILES_STUCK = 4, 3, 1
"""Threads that may hang at a time: in file systems, in LVM's disks, in datastores. Each kind has
its own, so that one that is dead leaves the others their answers; together they are 8.
"""
_PATIENCE_S = 0.25
"""How long one cycle waits for datastores in all: what is not found by then is found later."""

Number = tuple[int, int]
"""(major, minor)."""


@dataclass(slots=True)
class _Known:
    """A device and what became known of it: the DISK_ID by VM id, None where it is nobody's."""

    device: BlockDevice | None
    disk_ids: dict[int, str | None]


class Devices:
    """The block devices of the host, read when first asked for and again when they changed.

    `root` is the file system that holds proc/ and sys/, `datastores` OpenNebula's within it. Called
    from the collection thread: what may block (looking into a datastore on NFS) is left to a
    thread and is simply unknown while that hangs. `usages` makes the statfs calls of all
    containers, `volumes` the reads of LVM's disks; `images` are the mapped Ceph images, `counted`
    the devices that blkio counts.
    """

    def __init__(
        self,
        root: Path = Path("/"),
        datastores: Path = DATASTORES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.version = 0
        """Grows when an answer may differ from the one before: ask again, compare, keep equals."""
        self.usages: Worker[Usage] = Worker(abandoned_max=USAGES_STUCK, clock=clock)
        self.volumes: Worker[VolumeGroup | None] = Worker(abandoned_max=VOLUMES_STUCK, clock=clock)
        self.images = Mapped(root, clock)
        self.counted = Counted(clock)
        self._root, self._datastores, self._clock = root, datastores, clock
        self._files: Worker[str | None] = Worker(abandoned_max=FILES_STUCK, clock=clock)
        # The kernel announces this machine's devices, not those of a captured tree.
        self._uevents = Uevents(listen=root == Path("/"))
        self._known: dict[Number, _Known] = {}
        self._checked = clock()
        self._patience_s = _PATIENCE_S
        self._is_late = False

    def refresh(self) -> None:
        """Notice what changed; once per cycle. Two system calls when nothing did.

        A device that was announced is read anew; all are compared with sysfs every `RECHECK_S`,
        which also looks again for the disks that were nobody's.
        """
        self.images.refresh()
        changed = self._uevents.changed()
        self._patience_s = _PATIENCE_S
        is_late = self._is_late and not self._files.abandoned
        if changed is None or is_late or self._clock() - self._checked >= RECHECK_S:
            self._is_late = False
            self._checked = self._clock()
            changed = set(self._known)
        for number in changed & self._known.keys():
            self._renew(number)

    def labels(self, major: int, minor: int, vmid: int | None = None) -> Labels:
        """(("device", kernel name), ("disk_id", N)); without disk_id where that is unknown."""
        known = self._known.get((major, minor)) or self._read((major, minor))
        if known.device is None:
            return (("device", f"{major}:{minor}"),)
        name = (("device", printable(known.device.name)),)
        if vmid is None:
            return name
        if vmid not in known.disk_ids:
            known.disk_ids[vmid] = self._disk_id(known.device, vmid)
        found = known.disk_ids[vmid]
        return name if found is None else (*name, ("disk_id", found))

    def device(self, major: int, minor: int) -> BlockDevice | None:
        """What the device is, or None when there is none of this number."""
        return (self._known.get((major, minor)) or self._read((major, minor))).device

    def source(self, device: BlockDevice) -> str:
        """What the device shows, fit for a label: no absolute path of an image.

        A backing file is told relative to the datastores, or by its last component.
        """
        if device.kind != "loop":
            return printable(device.source)
        path = Path(device.source)
        if path.is_relative_to(self._datastores):
            return printable(str(path.relative_to(self._datastores)))
        return printable(path.name)

    @property
    def stuck_threads(self) -> int:
        """Threads that hang in a call to a file system now."""
        return self.usages.abandoned + self.volumes.abandoned + self._files.abandoned

    def settle(self, timeout_s: float) -> None:
        """Wait until every call to file systems, disks and datastores has returned, each kind that
        long. A disk that was found too late for a cycle is told after the next `refresh`.
        """
        for worker in (self.usages, self.volumes, self._files):
            worker.settle(timeout_s)

    def close(self) -> None:
        """Give up the subscription and the threads."""
        self._uevents.close()
        self._files.close()
        self.volumes.close()
        self.usages.close()

    def _read(self, number: Number) -> _Known:
        known = _Known(block_device(self._root, *number), {})
        self._known[number] = known
        return known

    def _renew(self, number: Number) -> None:
        before = self._known.pop(number)
        found = {vmid: disk for vmid, disk in before.disk_ids.items() if disk is not None}
        after = self._read(number)
        for vmid in before.disk_ids.keys() - found if before.device != after.device else ():
            self._files.forget((before.device, vmid))
        if after.device == before.device:
            # What was found stays, also while its datastore hangs; the rest is looked for again.
            after.disk_ids.update(found)
        if after != before:
            self.version += 1

    def _disk_id(self, device: BlockDevice, vmid: int) -> str | None:
        driver = self._root / CONTAINERS / f"one-{vmid}/disks.json"
        return (
            diskids.by_name(device, vmid)
            or self._by_file(device, vmid)
            or diskids.by_driver(device, driver)
        )

    def _by_file(self, device: BlockDevice, vmid: int) -> str | None:
        call = partial(diskids.by_file, device, vmid, self._datastores, self._root)
        began = time.monotonic()
        answer = self._files.ask((device, vmid), call, self._patience_s)
        self._patience_s = max(0.0, self._patience_s - (time.monotonic() - began))
        if answer is None:
            # Slow or dead: asked again in the next cycle, or when nothing hangs any more.
            self._is_late = True
            return None
        return answer.value
