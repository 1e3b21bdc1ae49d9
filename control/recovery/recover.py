"""What is to be brought back after a boot. Pure: records in, decisions out.

Only a container that ran until its host went down is; not one that was stopped, suspended, or never
came up. And none of which this node cannot tell that it is its to start: OpenNebula may have put
the VM on another host meanwhile, and nobody here can ask it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collector.mounts import Mount
from vmm.attempt import RUNNING
from vmm.boot import Boot
from vmm.policy import AfterBoot
from vmm.spec import DiskKind, DiskType, VmSpec

OWN = frozenset({"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "xfs", "zfs"})
"""File systems that one host alone has mounted."""
UNFILTERED = frozenset({"", "dummy", "bridge"})
"""OpenNebula's network drivers that do nothing to a NIC. All others filter or tag it after each
deploy, by scripts that only the front-end starts."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one container that is defined here."""

    name: str
    started_in: str
    """The boot of its last start, "" when it was never started."""
    phase: str
    """How far the last start by an action came: `vmm.attempt`."""
    ended: str
    """Why it ended, as `vmm.boot.ended` tells."""
    running: bool = False


def ran(record: Record, boot: Boot) -> bool:
    """Whether it ran until the host went down, and nobody has ended it since."""
    if record.ended:
        return False
    settled = record.phase == RUNNING and bool(boot.before) and record.started_in == boot.before
    return settled or record.name in boot.pending


def wanted(records: Iterable[Record], boot: Boot) -> tuple[str, ...]:
    """The names of those to be brought back, in the order of their numbers."""
    names = (one.name for one in records if ran(one, boot) and not one.running)
    return tuple(sorted(names, key=lambda name: int(name.rpartition("-")[2])))


def refusal(vm: VmSpec, mounts: Sequence[Mount], after_boot: AfterBoot) -> str:
    """Why the VM must not be started here without OpenNebula; "" when it may be."""
    for nic in vm.nics:
        if nic.driver not in UNFILTERED:
            what = "an unrecorded one" if nic.driver is None else nic.driver
            return f"NIC {nic.nic_id} needs OpenNebula's network driver ({what}) at each start"
    if after_boot is AfterBoot.START_SHARED:
        return ""
    for disk in vm.disks:
        place = "" if disk.kind is DiskKind.SWAP else _shared(disk.type, disk.source, mounts)
        if place:
            return f"disk {disk.disk_id} is on {place}, where another host may run it by now"
    return ""


def _shared(kind: DiskType, path: str, mounts: Sequence[Mount]) -> str:
    """The kind of storage of a disk, "" where it is this host's own."""
    if kind is not DiskType.FILE:
        return kind.value
    found = file_system(path, mounts)
    return "" if found in OWN else found or "an unknown file system"


def file_system(path: str, mounts: Sequence[Mount]) -> str:
    """The type of the file system that the real `path` is on: of the last mount that covers it."""
    covering = [one for one in mounts if f"{path}/".startswith(f"{one.point.rstrip('/')}/")]
    longest = max((len(one.point) for one in covering), default=0)
    return next((one.type for one in reversed(covering) if len(one.point) == longest), "")
