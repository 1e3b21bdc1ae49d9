"""How full LVM's volume groups are."""

import logging
from functools import partial

from collector.group import Group, Part
from collector.hardware import Recheck
from collector.lvm import LvmError, VolumeGroup
from collector.machine import Machine
from collector.model import Column, Kind, Metric
from collector.statfs import Answer
from collector.volumegroups import Texts, candidates, on_device

log = logging.getLogger(__name__)

ROUND_S = 120.0
FRESH_S = 3 * ROUND_S
_SAID_MAX = 256
_SOURCE = "LVM2's metadata on /dev/NAME of each in /sys/class/block: vgs(8)"
_LABELS = ("vg",)
_LIMITS = (
    f"Read every {ROUND_S:.0f} s; one on a disk that hangs goes missing after {FRESH_S:.0f} s. A"
    " thin pool takes all of itself, however empty it is. Groups on images, Ceph's devices and"
    " logical volumes are guests' and not told, nor is a name that two groups have."
)

METRICS = (
    Metric(
        "lxc_host_volume_group_size_bytes",
        Kind.GAUGE,
        "bytes",
        "Size of the volume group.",
        _SOURCE,
        _LABELS,
        _LIMITS,
    ),
    Metric(
        "lxc_host_volume_group_free_bytes",
        Kind.GAUGE,
        "bytes",
        "Bytes of the volume group that no logical volume has taken.",
        _SOURCE,
        _LABELS,
        _LIMITS,
    ),
)
_NAMES = tuple(metric.name for metric in METRICS)
Found = tuple[Answer[VolumeGroup | None] | None, ...]


def merged(found: list[VolumeGroup]) -> list[VolumeGroup]:
    """One per name, as of its last change; a name of two groups tells nobody which is meant."""
    newest: dict[str, VolumeGroup] = {}
    for group in sorted(found, key=lambda each: each.seqno):
        newest[group.identity] = group
    names = [group.name for group in newest.values()]
    once = [group for group in newest.values() if names.count(group.name) == 1]
    return sorted(once, key=lambda each: each.name)


class _Source:
    """The candidates' last answers; each is asked anew every `ROUND_S`, all aside."""

    def __init__(self, machine: Machine) -> None:
        self._root, self._worker = machine.root, machine.devices.volumes
        self._recheck = Recheck(period_s=ROUND_S)
        self._texts = Texts()
        self._devices: list[str] = []
        self._answers: Found = ()
        self._said: set[str] = set()
        self._part: Part = ((), ())

    def read(self) -> Part:
        """Size and free of each group as last answered."""
        is_due = self._recheck.due()
        if is_due:
            self._ask()
        answers: Found = tuple(map(self._worker.answer, self._devices))
        if is_due or answers != self._answers:
            self._answers = answers
            self._tell()
        return self._part

    def _ask(self) -> None:
        devices = candidates(self._root)
        for gone in set(self._devices).difference(devices):
            self._worker.forget(gone)
        self._devices = devices
        for name in devices:
            self._worker.submit(name, partial(self._group, name))

    def _group(self, name: str) -> VolumeGroup | None:
        try:
            return on_device(self._root, name, self._texts)
        except LvmError as error:
            said = f"{name}: {error}"
            if said not in self._said and len(self._said) < _SAID_MAX:
                self._said.add(said)
                log.warning("%s; the volume group is told by its other disks, or missing", said)
            return None

    def _tell(self) -> None:
        fresh = (self._worker.fresh(name, FRESH_S) for name in self._devices)
        groups = merged([group for group in fresh if group is not None])
        labels = [(("vg", group.name),) for group in groups]
        columns = tuple(Column(name, each) for each in labels for name in _NAMES)
        values = tuple(float(n) for group in groups for n in (group.size, group.free))
        before = self._part
        if columns != before[0]:
            self._part = columns, values
        elif values != before[1]:
            self._part = before[0], values

    def close(self) -> None:
        """Forget the answers; nothing is open."""
        for name in self._devices:
            self._worker.forget(name)


GROUP: Group[Machine] = Group("host_volume_groups", METRICS, _Source)
