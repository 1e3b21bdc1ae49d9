"""The volume groups on this host's disks, read from the physical volumes themselves.

vgs(8) is a process for every answer and wants to write below /run. Nothing here changes a device or
asks device-mapper: a volume group is known as soon as its disks are there, active or not.
"""

import mmap
import os
import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from collector import lvm
from collector.lvm import LvmError, Text, VolumeGroup
from collector.plain import names
from collector.sysfs import text

_ALIGN = 4096
"""Bytes: what O_DIRECT must be asked in, for sectors of any size there is."""
_TEXTS_MAX = 64
# Disks of guests and images: what is on them is not the host's, and names itself as it likes.
_GUESTS = re.compile(r"(loop|rbd|nbd|zd)\d.*")
_NO_DISKS = re.compile(r"(sr|fd|ram|zram)\d+")


def candidates(root: Path) -> list[str]:
    """Names in /sys/class/block of what may be a physical volume of this host.

    Disks and partitions, multipath, md and encrypted ones; no disk that has partitions, and none
    whose content belongs to a guest: images, Ceph's, and logical volumes with all that is on them.
    """
    block = f"{root}/sys/class/block"
    return [name for name in names(block) if _is_candidate(block, name)]


def _is_candidate(block: str, name: str) -> bool:
    if _NO_DISKS.fullmatch(name) or (text(Path(block, name, "size")) or "0") == "0":
        return False
    if any(os.path.exists(f"{block}/{name}/{part}/partition") for part in _parts(block, name)):
        return False
    holders = names(f"{block}/{name}/holders")
    if any(_dm_uuid(block, holder).startswith("mpath-") for holder in holders):
        return False
    return not _is_a_guests(block, name, 0)


def _parts(block: str, name: str) -> Iterable[str]:
    return (each for each in names(f"{block}/{name}") if each.startswith(name))


def _is_a_guests(block: str, name: str, depth: int) -> bool:
    if _GUESTS.fullmatch(name) or "LVM-" in _dm_uuid(block, name):
        return True
    if os.path.exists(f"{block}/{name}/partition"):
        return _is_a_guests(block, Path(block, name).resolve().parent.name, depth)
    slaves = names(f"{block}/{name}/slaves")
    return depth > 8 or any(_is_a_guests(block, slave, depth + 1) for slave in slaves)  # noqa: PLR2004


def _dm_uuid(block: str, name: str) -> str:
    return text(Path(block, name, "dm/uuid")) or ""


class Texts:
    """Groups by the text they were read from: in the steady state none is read or parsed again."""

    def __init__(self) -> None:
        self._known: dict[Text, VolumeGroup] = {}

    def group(self, place: Text, read: Callable[[int, int], bytes]) -> VolumeGroup:
        """The group of the text at `place`, whose checksum tells it from any other."""
        found = self._known.get(place)
        if found is None:
            whole = b"".join(read(offset, size) for offset, size in place.pieces)
            if lvm.checksum(whole) != place.checksum:
                raise LvmError("the text's checksum is wrong, or it was written anew meanwhile")
            found = lvm.volume_group(whole)
            if len(self._known) >= _TEXTS_MAX:
                self._known.clear()
            self._known[place] = found
        return found


def on_device(root: Path, name: str, texts: Texts) -> VolumeGroup | None:
    """The volume group by the physical volume `name`; None where it is none, or in no group.

    May block for as long as the device does: for a Worker. Raises OSError, and LvmError for what
    is not as LVM2 writes it.
    """
    fd = _opened(root, name)
    try:
        return group_at(lambda offset, size: _read(fd, offset, size), texts)
    finally:
        os.close(fd)


def group_at(read: Callable[[int, int], bytes], texts: Texts) -> VolumeGroup | None:
    """The volume group by a device of which `read` gives (offset, size): its newest text's."""
    newest: VolumeGroup | None = None
    for area in lvm.areas(read(0, lvm.LABEL_BYTES)) or ():
        place = lvm.text_place(read(area.offset, lvm.HEADER_BYTES), area)
        if place is not None:
            found = texts.group(place, read)
            newest = found if newest is None or found.seqno > newest.seqno else newest
    return newest


def _opened(root: Path, name: str) -> int:
    """O_DIRECT: another host may have written, which this one's page cache does not know."""
    path = root / "dev" / name.replace("!", "/")
    flags = os.O_RDONLY | os.O_DIRECT | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(path, flags)
    status = os.fstat(fd)
    number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    if stat.S_ISBLK(status.st_mode) and number == text(root / "sys/class/block" / name / "dev"):
        return fd
    os.close(fd)
    raise OSError(f"{path}: not the block device of this name")


def _read(fd: int, offset: int, size: int) -> bytes:
    before = offset % _ALIGN
    length = -(-(before + size) // _ALIGN) * _ALIGN
    with mmap.mmap(-1, length) as room:
        got = os.preadv(fd, [room], offset - before)
        found = room[before : min(before + size, got)]
    if len(found) != size:
        raise OSError(f"{len(found)} of {size} bytes at {offset}: the device ends there")
    return found
