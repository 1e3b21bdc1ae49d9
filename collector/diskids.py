"""Which of an OpenNebula VM's disks (DISK_ID) a block device is.

Every match is of whole names or of identities: `one-1` is not `one-10`, `disk.1` not `disk.10`.
"""

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from collector.sysfs import BlockDevice

_DISK = re.compile(r"disk\.(\d+)")
_LV = re.compile(r"lv-one-(\d+)-(\d+)")
_RBD = re.compile(r"one-(?:\d+|sys)-(\d+)-(\d+)")

Identity = tuple[str, int, int]
"""("file", st_dev, st_ino) or ("device", major, minor): what a path leads to."""


def by_name(device: BlockDevice, vmid: int) -> str | None:
    """From the names OpenNebula gives logical volumes and RBD images; None where it is neither."""
    pattern = {"lvm": _LV, "rbd": _RBD}.get(device.kind)
    if pattern is None:
        return None
    found = pattern.fullmatch(device.source.rsplit("/", 1)[-1])
    return found[2] if found and int(found[1]) == vmid else None


def by_file(device: BlockDevice, vmid: int, datastores: Path, root: Path) -> str | None:
    """From `<datastores>/*/<vmid>/disk.N`, by identity, following links. May block: for a Worker.

    `datastores` and the backing file are paths of the system at `root`.
    A persistent image is a link into its own datastore, a logical volume one to its device.
    A deleted backing file has no identity any more and matches nothing.
    """
    wanted: set[Identity] = {("device", device.major, device.minor)}
    if device.kind == "loop" and device.source and (found := identity(under(root, device.source))):
        wanted.add(found)
    matches = {number for number, seen in _disks(under(root, datastores), vmid) if seen in wanted}
    return matches.pop() if len(matches) == 1 else None


def by_driver(device: BlockDevice, path: Path) -> str | None:
    """From the driver's disks.json: `[{"disk_id": 0, "device": "loop3", "diskseq": 11}, …]`.

    `device` is the kernel's name, with or without "/dev/". `diskseq` is optional: an entry of
    another medium than the present one does not count. A file that is not that shape says nothing.
    """
    try:
        entries = json.loads(path.read_bytes())
        matches = {int(entry["disk_id"]) for entry in entries if _is(entry, device)}
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return str(matches.pop()) if len(matches) == 1 else None


def _is(entry: dict[str, object], device: BlockDevice) -> bool:
    name = str(entry["device"]).removeprefix("/dev/")
    return name == device.name and entry.get("diskseq", device.seq) == device.seq


def under(root: Path, path: str | Path) -> Path:
    """The absolute `path` of the system at `root`."""
    return root / str(path).lstrip("/")


def identity(path: str | Path) -> Identity | None:
    """What `path` leads to, links followed; None unless that is a file or a block device."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    if stat.S_ISBLK(found.st_mode):
        return "device", os.major(found.st_rdev), os.minor(found.st_rdev)
    if stat.S_ISREG(found.st_mode):
        return "file", found.st_dev, found.st_ino
    return None


def _disks(datastores: Path, vmid: int) -> Iterator[tuple[str, Identity]]:
    for store in _names(datastores):
        home = datastores / store / str(vmid)
        for name in _names(home):
            if (found := _DISK.fullmatch(name)) and (seen := identity(home / name)):
                yield found[1], seen


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
