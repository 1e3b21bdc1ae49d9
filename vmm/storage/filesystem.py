"""From a planned disk to a detached mount of it. Imported by hooks: keep it lean."""

import os

from vmm.errors import DriverError
from vmm.mounting import idmap, mounts
from vmm.plan import CONTEXT, PlannedDisk
from vmm.state import State
from vmm.storage import MAPPERS, context, probe

OPTIONS = {
    # Images are clones: xfs refuses a second file system with the UUID of a mounted one.
    "xfs": {"nouuid": ""},
}


def _head(fd: int) -> bytes:
    """The first bytes of what `fd` has open; closes it."""
    try:
        return os.pread(fd, probe.HEAD_BYTES, 0)
    finally:
        os.close(fd)


def detached(disk: PlannedDisk, state: State, uid: int, gid: int) -> int:
    """A descriptor of a detached mount of the disk: closed unplaced, disk and device are free.

    The container's root is `uid`:`gid` here: it owns the files of the context, and the ids of
    a file system are mapped to its range.
    """
    if disk.mapper == CONTEXT:
        return context.detached(disk.source, uid, gid)
    mapped = MAPPERS[disk.mapper].map(disk, state)
    try:
        what = f"disk {disk.disk_id} ({disk.source})"
        kind = probe.mountable(
            probe.probe(_head(os.open(mapped.path, os.O_RDONLY | os.O_CLOEXEC))), what
        )
        mount = _made(kind, mapped.path, disk, what)
    finally:
        mapped.release()
    try:
        idmap.apply(mount, uid, what)
    except BaseException:
        os.close(mount)
        raise
    return mount


def _made(kind: str, device: str, disk: PlannedDisk, what: str) -> int:
    """The mount of the device, which by the time that somebody reads of it will be gone."""
    try:
        return mounts.make(kind, device, OPTIONS.get(kind), readonly=disk.readonly)
    except DriverError as error:
        remedy = "see the kernel's log (dmesg) on this host, and check the image's file system"
        raise DriverError(f"{what}: {error.problem}", error.remedy or remedy) from error
