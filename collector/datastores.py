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
    from collections.abc import Container, Iterator, Mapping
    from pathlib import Path

    from collector.lookup import Lookup

Disk = tuple[int, ...]
"""A disk's id; of a disk's snapshot the disk's id and its own."""
_BLOCK = 512
"""Bytes of one st_blocks unit (stat(2)) and of a sector in sysfs, whatever the real block is."""
MONITORED = ".monitor"
"""The mark that OpenNebula leaves in a system datastore whose capacity hosts are to report. It
holds the name of the datastore's transfer driver."""
ON_FILES = frozenset({"", "ssh", "shared", "qcow2", "local"})
"""Drivers whose system datastore is what statvfs(2) tells of its directory. That of Ceph is a pool,
which OpenNebula asks by itself."""
ON_VOLUMES = frozenset({None, "fs_lvm", "fs_lvm_ssh"})
"""Drivers whose system datastore is the volume group `VOLUME_GROUP` and its id. OpenNebula 7 leaves
no mark there: it is the volume group that tells."""
VOLUME_GROUP = "vg-one-"
RBD = "sys/bus/rbd/devices"


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


def volume_groups(host: Lookup | None) -> dict[str, Capacity]:
    """The volume groups that a reading of the host tells, by name."""
    found: dict[str, Capacity] = {}
    if host is not None:
        free = dict(host.labelled("lxc_host_volume_group_free_bytes"))
        for labels, size in host.labelled("lxc_host_volume_group_size_bytes"):
            if labels in free:
                left = round(free[labels])
                found[dict(labels)["vg"]] = Capacity(round(size) - left, round(size), left)
    return found


def monitored(directory: str, groups: Mapping[str, Capacity]) -> Capacity | None:
    """The capacity of a system datastore that is to be told; None where it is not, or unknown.

    `groups` are the host's volume groups by name.
    """
    mark = text(f"{directory}/{MONITORED}")
    driver = None if mark is None else mark.strip()
    if driver in ON_VOLUMES:
        return groups.get(f"{VOLUME_GROUP}{os.path.basename(directory)}")
    return capacity(directory) if driver in ON_FILES else None


def has_rbd(root: Path | str) -> bool:
    """Whether an image of Ceph is mapped on this host."""
    return bool(names(f"{root}/{RBD}"))


def disk_bytes(
    directory: str, vmids: Container[int], *, marked: bool = False
) -> dict[int, dict[Disk, int]]:
    """VM → disk → bytes that the file of the disk, or of a snapshot, really takes here.

    A persistent image is a symbolic link into its own datastore; one to a logical volume takes all
    of that. A disk that lies elsewhere is not in the answer. With `marked` a datastore has none
    that the front-end tells itself.
    """
    if marked and not os.path.exists(f"{directory}/{MONITORED}"):
        return {}
    found = {}
    for vmid, place in numbered(directory):
        if vmid in vmids and (disks := _disks(place)):
            found[vmid] = disks
    return found


def _disks(place: str) -> dict[Disk, int]:
    taken = {disk: _taken(path) for disk, path in _files(place)}
    return {disk: size for disk, size in taken.items() if size is not None}


def _files(place: str) -> Iterator[tuple[Disk, str]]:
    for name in names(place):
        prefix, _, rest = name.partition(".")
        disk, _, snapshots = rest.partition(".")
        if prefix == "disk" and is_number(disk):
            if not snapshots:
                yield (int(disk),), f"{place}/{name}"
            elif snapshots == "snap":
                for snapshot, path in numbered(f"{place}/{name}"):
                    yield (int(disk), snapshot), path


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
