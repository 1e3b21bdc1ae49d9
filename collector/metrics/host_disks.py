"""I/O of the host's whole local disks: no partition, loop or volume on top of them again."""

from collector.blockstat import BlockStat
from collector.followed import Followed
from collector.group import Group, Part
from collector.hardware import Recheck, disks
from collector.machine import Machine
from collector.model import Column, Columns, Kind, Metric

_SOURCE = "/sys/block/NAME/stat: block/stat.rst"
_LABELS = ("device",)
_LIMITS = "Ceph images are told by lxc_rbd_*."

METRICS = (
    Metric(
        "lxc_host_disk_read_bytes_total",
        Kind.COUNTER,
        "bytes",
        "Bytes read from the disk.",
        _SOURCE,
        _LABELS,
        _LIMITS,
    ),
    Metric(
        "lxc_host_disk_written_bytes_total",
        Kind.COUNTER,
        "bytes",
        "Bytes written to the disk.",
        _SOURCE,
        _LABELS,
        _LIMITS,
    ),
    Metric(
        "lxc_host_disk_reads_completed_total",
        Kind.COUNTER,
        "",
        "Read requests completed.",
        _SOURCE,
        _LABELS,
        _LIMITS,
    ),
    Metric(
        "lxc_host_disk_writes_completed_total",
        Kind.COUNTER,
        "",
        "Write requests completed.",
        _SOURCE,
        _LABELS,
        _LIMITS,
    ),
    Metric(
        "lxc_host_disk_io_time_seconds_total",
        Kind.COUNTER,
        "seconds",
        "Time in which the disk had at least one request in flight.",
        _SOURCE,
        _LABELS,
        "A disk that serves requests in parallel may be busy all the time and still have room.",
    ),
)
_NAMES = tuple(metric.name for metric in METRICS)


class _Source:
    """The open counters of each disk; disks are looked for every 10 s."""

    def __init__(self, machine: Machine) -> None:
        self._root = machine.root
        self._recheck = Recheck()
        self._disks = Followed(self._opened, _columns)

    def read(self) -> Part:
        """Five counters of each disk."""
        if self._recheck.due() or self._disks.lost:
            self._disks.follow(disks(self._root))
        return self._disks.read()

    def _opened(self, name: str) -> BlockStat:
        return BlockStat(self._root / f"sys/block/{name}/stat")

    def close(self) -> None:
        """Close the descriptors."""
        self._disks.close()


def _columns(name: str) -> Columns:
    labels = (("device", name.replace("!", "/")),)
    return tuple(Column(metric, labels) for metric in _NAMES)


GROUP: Group[Machine] = Group("host_disks", METRICS, _Source)
