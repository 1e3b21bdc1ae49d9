"""OpenNebula's datastores as this host sees them: capacity, and what a VM's disks take."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_NUMBER = re.compile(r"0|[1-9]\d*", re.ASCII)
_DISK = re.compile(r"disk\.(0|[1-9]\d*)", re.ASCII)
_BLOCK = 512
"""Bytes of one st_blocks unit (stat(2)), whatever the file system's own block is."""
MONITORED = ".monitor"
"""The mark that OpenNebula leaves in a system datastore whose capacity hosts are to report."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """Bytes of a file system: taken, in all, and free for users who are not root."""

    used: int
    total: int
    free: int


def capacity(directory: Path) -> Capacity | None:
    """The file system that holds `directory`, as df(1) counts; None where it is not there.

    May block on a dead network mount: call it where that may happen.
    """
    try:
        found = os.statvfs(directory)
    except OSError:
        return None
    used = (found.f_blocks - found.f_bfree) * found.f_frsize
    return Capacity(used, found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


def monitored(location: Path) -> list[tuple[int, Capacity]]:
    """(datastore id, capacity) of every system datastore below `location` that is to be told."""
    found = []
    for number, directory in _numbered(location):
        if (directory / MONITORED).exists():
            known = capacity(directory)
            if known is not None:
                found.append((number, known))
    return found


def disk_bytes(location: Path, vmid: int) -> dict[int, int]:
    """Disk id → bytes the disk's file really takes, over all datastores of `location`.

    A persistent image is a symbolic link into its own datastore; a disk that is a device, or lies
    elsewhere, is not in the answer.
    """
    found: dict[int, int] = {}
    for _, datastore in _numbered(location):
        for name in _names(datastore / str(vmid)):
            disk = _DISK.fullmatch(name)
            if disk:
                taken = _taken(datastore / str(vmid) / name)
                if taken is not None:
                    found[int(disk[1])] = taken
    return found


def _taken(path: Path) -> int | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_blocks * _BLOCK if os.path.isfile(path) else None


def _numbered(location: Path) -> list[tuple[int, Path]]:
    names = (name for name in _names(location) if _NUMBER.fullmatch(name))
    return sorted((int(name), location / name) for name in names)


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
