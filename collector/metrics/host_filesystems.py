"""How full the host's own file systems are."""

import os
from functools import partial

from collector import mounts
from collector.devices import Devices
from collector.formats import Values
from collector.group import Group, Part
from collector.hardware import Recheck
from collector.machine import Machine
from collector.metrics.filesystem import FRESH_S, LATE
from collector.model import MISSING, Column, Columns, Kind, Labels, Metric
from collector.mounts import Disk, Mount
from collector.statfs import usage
from collector.sysfs import printable

_TABLE_MAX = 1 << 20
_LABELS = ("device", "mountpoint")
_LIMITS = (
    "Block devices, NFS, CIFS, Ceph and ZFS, each once. Not loops: their space is in an image of a"
    f" file system that is counted already. {LATE}"
)
# Read-only images are always full; what has no size says nothing.
_IMAGES = frozenset({"squashfs", "iso9660", "erofs", "udf"})
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs", "fuse.glusterfs", "zfs"})

METRICS = (
    Metric(
        "lxc_host_filesystem_size_bytes",
        Kind.GAUGE,
        "bytes",
        "Size of the file system.",
        "statfs(2), /proc/self/mountinfo: proc(5)",
        _LABELS,
        _LIMITS,
    ),
    Metric(
        "lxc_host_filesystem_avail_bytes",
        Kind.GAUGE,
        "bytes",
        "Bytes that a user without privileges may still write there.",
        "statfs(2), /proc/self/mountinfo: proc(5)",
        _LABELS,
        _LIMITS,
    ),
)
_NAMES = tuple(metric.name for metric in METRICS)


def chosen(table: list[Mount], devices: Devices) -> list[Disk]:
    """The mounts to report: one per file system, the first of several."""
    found: dict[object, Disk] = {}
    for mount in table:
        device = mounts.block_number(mount)
        if mount.type in _IMAGES or (device is None and mount.type not in _REMOTE):
            continue
        what = devices.device(*device) if device else None
        if what is None or what.kind != "loop":
            found.setdefault(device or mount.st_dev, Disk(mount, device))
    return list(found.values())[: mounts.DISKS_MAX]


class _Source:
    """The host's file systems; its mount table is read again every 10 s."""

    def __init__(self, machine: Machine) -> None:
        self._root, self._devices = machine.root, machine.devices
        self._recheck = Recheck()
        self._disks: list[Disk] = []
        self._columns: Columns = ()

    def read(self) -> Part:
        """Size and available of each as last answered."""
        if self._recheck.due():
            self._renew()
        values: Values = ()
        for disk in self._disks:
            found = self._devices.usages.fresh(_key(disk), FRESH_S)
            values += (MISSING, MISSING) if found is None else (found.size, found.available)
        return self._columns, values

    def _renew(self) -> None:
        disks = chosen(self._table(), self._devices)
        for gone in set(map(_key, self._disks)) - set(map(_key, disks)):
            self._devices.usages.forget(gone)
        self._disks = disks
        for disk in disks:
            path = f"{self._root}{disk.mount.point}"
            call = partial(usage, path, disk.expected)
            self._devices.usages.submit(_key(disk), call, later=True)
        columns = tuple(Column(name, self._labels(disk)) for disk in disks for name in _NAMES)
        if columns != self._columns:
            self._columns = columns

    def _table(self) -> list[Mount]:
        proc = os.open(self._root / "proc/self", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            return mounts.read(proc, _TABLE_MAX)
        finally:
            os.close(proc)

    def _labels(self, disk: Disk) -> Labels:
        where = ("mountpoint", printable(disk.mount.point))
        return (*self._devices.labels(*disk.device), where) if disk.device else (where,)

    def close(self) -> None:
        """Forget the answers; nothing is open."""
        for disk in self._disks:
            self._devices.usages.forget(_key(disk))


def _key(disk: Disk) -> tuple[str, str, int]:
    return "host", disk.mount.point, disk.mount.st_dev


GROUP: Group[Machine] = Group("host_filesystems", METRICS, _Source)
