"""OpenNebula's datastores as this host sees them: capacity, and what VMs' disks take.

Everything here may block on a dead network mount: call it where that does no harm.
"""

from __future__ import annotations

import os
import stat

from collector.plain import is_number, names, number, numbered, text
from collector.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

_BLOCK = 512
"""Bytes of one st_blocks unit (stat(2)) and of a sector in sysfs, whatever the real block is."""
MONITORED = ".monitor"
"""The mark that OpenNebula leaves in a system datastore whose capacity hosts are to report. It
holds the name of the datastore's transfer driver."""
ON_FILES = frozenset({"", "ssh", "shared", "qcow2", "local"})
"""Drivers whose system datastore is what statvfs(2) tells of its directory. That of LVM is a
volume group, and that of Ceph a pool: their capacity nobody can tell without their tools."""


class Capacity(Record):
    """Bytes of a file system: taken, in all, and free for users who are not root."""

    used: int
    total: int
    free: int


def capacity(directory: Path | str) -> Capacity | None:
    """The file system that holds `directory`, as df(1) counts; None where it is not there."""
    try:
        found = os.statvfs(directory)
    except OSError:
        return None
    used = (found.f_blocks - found.f_bfree) * found.f_frsize
    return Capacity(used, found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


def datastores(location: Path | str) -> list[tuple[int, str]]:
    """(datastore id, directory) of every datastore below `location`."""
    return numbered(str(location))


def monitored(directory: str) -> Capacity | None:
    """The capacity of a system datastore that is to be told; None where it is not, or unknown."""
    driver = text(f"{directory}/{MONITORED}")
    return capacity(directory) if driver is not None and driver.strip() in ON_FILES else None


def disk_bytes(directory: str, vmids: Container[int]) -> dict[int, dict[int, int]]:
    """VM → disk id → bytes that the disk's file in this datastore really takes.

    A persistent image is a symbolic link into its own datastore; one to a logical volume takes all
    of that. A disk that lies elsewhere is not in the answer.
    """
    found = {}
    for vmid, place in numbered(directory):
        if vmid in vmids and (disks := _disks(place)):
            found[vmid] = disks
    return found


def _disks(place: str) -> dict[int, int]:
    found = {}
    for name in names(place):
        prefix, _, disk = name.partition(".")
        if prefix == "disk" and is_number(disk):
            taken = _taken(f"{place}/{name}")
            if taken is not None:
                found[int(disk)] = taken
    return found


def _taken(path: str) -> int | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    if stat.S_ISBLK(found.st_mode):
        device = f"{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"
        sectors = number(f"/sys/dev/block/{device}/size")
        return None if sectors is None else sectors * _BLOCK
    return found.st_blocks * _BLOCK if stat.S_ISREG(found.st_mode) else None
