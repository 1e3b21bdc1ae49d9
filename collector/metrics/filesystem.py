"""How full a container's root and its disks are, and what each of them is."""

from functools import partial

from collector import mounts
from collector.container import Container
from collector.formats import Values
from collector.group import Group, Part
from collector.model import MISSING, Column, Columns, Kind, Labels, Metric
from collector.mounts import Disk, Mount
from collector.statfs import Answer, Usage, usage
from collector.sysfs import printable

FRESH_S = 60.0
LATE = "Asked every 10 s in a thread of its own; absent when the last answer is older than 60 s."
_SOURCE = "statfs(2) through /proc/INIT/root"
_LABELS = ("device", "disk_id", "mountpoint")

METRICS = (
    Metric(
        "lxc_filesystem_size_bytes",
        Kind.GAUGE,
        "bytes",
        "Size of the file system of the container's root or of a disk of its.",
        _SOURCE,
        _LABELS,
        f"A root that is a directory of the host shows the host's file system. {LATE}",
    ),
    Metric(
        "lxc_filesystem_used_bytes",
        Kind.GAUGE,
        "bytes",
        "Bytes in use there.",
        _SOURCE,
        _LABELS,
        LATE,
    ),
    Metric(
        "lxc_filesystem_available_bytes",
        Kind.GAUGE,
        "bytes",
        "Bytes that a user without privileges may still write there.",
        _SOURCE,
        _LABELS,
        LATE,
    ),
    Metric(
        "lxc_disk_info",
        Kind.GAUGE,
        "",
        "Always 1; tells what a disk of the container is: kind (loop, lvm, rbd, disk, …) and source"
        " (the image's path within the datastores, volume group and volume, or pool and image).",
        "/proc/INIT/mountinfo: proc(5); /sys/dev/block: sysfs-block, sysfs-bus-rbd",
        ("device", "disk_id", "kind", "source"),
        "Mounted disks only. An image outside the datastores is told without its directory.",
    ),
)
_USAGE = tuple(metric.name for metric in METRICS[:3])
_UNKNOWN = (MISSING, MISSING, MISSING)


class _Source:
    """The file systems of one container; its mount table is read again with each round."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._devices = container.devices
        self._table: list[Mount] | None = None
        self._disks: list[Disk] = []
        self._columns: Columns = ()
        self._infos = 0
        self._seen = (-1, -1)
        self._old: list[Answer[Usage] | None] = []
        self._waiting = True
        self._part: Part = ((), ())
        self._renew()

    def read(self) -> Part:
        """Size, used and available of each disk as last answered, then the 1s of the infos."""
        if self._seen != (self._container.pace.round, self._devices.version):
            self._renew()
        if self._waiting:
            self._take()
        return self._part

    def _take(self) -> None:
        """The newest answers; with one from every disk there is nothing to look for this round."""
        usages = self._devices.usages
        new = [usages.answer(self._key(disk)) for disk in self._disks]
        self._waiting = any(now is old for now, old in zip(new, self._old, strict=True))
        values: Values = ()
        for disk in self._disks:
            found = usages.fresh(self._key(disk), FRESH_S)
            values += _UNKNOWN if found is None else (found.size, found.used, found.available)
        part = self._columns, values + (1.0,) * self._infos
        if part != self._part or part[0] is not self._part[0]:
            self._part = part

    def _renew(self) -> None:
        table, version = self._container.mounts.read(), self._devices.version
        if table is not self._table or version != self._seen[1]:
            self._table = table
            self._look(mounts.disks(table, mounts.block_number))
        self._seen = (self._container.pace.round, version)
        self._waiting = True
        self._old = [self._devices.usages.answer(self._key(disk)) for disk in self._disks]
        for disk in self._disks:
            self._ask(disk)

    def _look(self, disks: list[Disk]) -> None:
        for gone in {self._key(disk) for disk in self._disks} - {self._key(disk) for disk in disks}:
            self._devices.usages.forget(gone)
        self._disks = disks
        infos = [column for disk in disks for column in self._info(disk)]
        self._infos = len(infos)
        columns = tuple(
            Column(name, self._labels(disk)) for disk in disks for name in _USAGE
        ) + tuple(infos)
        if columns != self._columns:
            self._columns = columns

    def _ask(self, disk: Disk) -> None:
        path = f"{self._container.root}/proc/{self._container.init_pid}/root{disk.mount.point}"
        call = partial(usage, path, disk.expected)
        self._devices.usages.submit(self._key(disk), call, later=True)

    def _key(self, disk: Disk) -> tuple[int, str, int]:
        return self._container.generation, disk.mount.point, disk.mount.st_dev

    def _labels(self, disk: Disk) -> Labels:
        return (*self._named(disk), ("mountpoint", printable(disk.mount.point)))

    def _named(self, disk: Disk) -> Labels:
        if disk.device is None:
            return ()
        return self._devices.labels(*disk.device, self._container.ref.vmid)

    def _info(self, disk: Disk) -> Columns:
        device = disk.device and self._devices.device(*disk.device)
        if device is None:
            return ()
        what = (("kind", device.kind), ("source", self._devices.source(device)))
        return (Column("lxc_disk_info", (*self._named(disk), *what)),)

    def close(self) -> None:
        """Forget the answers; nothing is open."""
        for disk in self._disks:
            self._devices.usages.forget(self._key(disk))


GROUP: Group[Container] = Group("filesystem", METRICS, _Source)
