"""Mount tables: which file systems a container (or the host) has on block devices.

/proc/PID/mountinfo is never kept open: an open one pins the mount namespace, and with it every
loop and disk of a container that has ended.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from collector.formats import FormatError, unescaped
from collector.group import Gone
from collector.pace import Pace

Number = tuple[int, int]
"""(major, minor) of a block device."""

# A guest may mount as much as it likes: its table must not cost a cycle, nor each mount a series.
TABLE_MAX = 128 * 1024
DISKS_MAX = 32
_POINT_MAX = 255
_FIELDS_MIN = 10
_WITHOUT_A_DEVICE = 0


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of a mount table.

    `st_dev` is what stat tells of files there. `root` is the directory of the file system that is
    mounted: not "/" for a bind of a part of it. `source` is any text for most types, `options`
    are those of the file system.
    """

    st_dev: int
    root: str
    point: str
    type: str
    source: str
    options: str = ""

    @property
    def number(self) -> Number:
        """Major and minor of `st_dev`; the major is 0 where no block device is under it."""
        return os.major(self.st_dev), os.minor(self.st_dev)


def parse(data: bytes) -> Iterator[Mount]:
    """Every whole line of a mountinfo: proc(5)."""
    for line in os.fsdecode(data).split("\n")[:-1]:
        words = line.split(" ")
        try:
            end = words.index("-", 6)
            major, minor = words[2].split(":")
            number = os.makedev(int(major), int(minor))
            yield Mount(
                number,
                unescaped(words[3]),
                unescaped(words[4]),
                words[end + 1],
                unescaped(words[end + 2]),
                words[end + 3] if len(words) > end + 3 else "",
            )
        except (ValueError, IndexError):
            raise FormatError(line.encode(errors="replace"), "a line of mountinfo") from None


def read(proc: int, table_max: int = TABLE_MAX) -> list[Mount]:
    """The mount table of the process whose /proc directory is `proc`; Gone when it ended.

    What exceeds `table_max` bytes is not looked at: the oldest mounts come first.
    """
    return list(parse(_table(proc, table_max)))


class MountTable:
    """The mount table of one container, read once per round of its pace for all who ask."""

    def __init__(self, proc: int, pace: Pace) -> None:
        self._proc, self._pace = proc, pace
        self._round = -1
        self._data = b""
        self._mounts: list[Mount] = []

    def read(self) -> list[Mount]:
        """The mounts: the same list as long as nothing changed. Gone when the container ended."""
        if self._round != self._pace.round:
            data = _table(self._proc, TABLE_MAX)
            if data != self._data:
                self._mounts = list(parse(data))
                self._data = data
            self._round = self._pace.round
        return self._mounts


def _table(proc: int, table_max: int) -> bytes:
    try:
        fd = os.open("mountinfo", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)
    except OSError as error:
        # EINVAL: a zombie, which has left its namespaces.
        if error.errno in (errno.ESRCH, errno.ENOENT, errno.EINVAL):
            raise Gone("mountinfo") from None
        raise
    try:
        return _up_to(fd, table_max)
    finally:
        os.close(fd)


def _up_to(fd: int, most: int) -> bytes:
    pieces, left = [], most
    # An ended process's table is empty, or EINVAL: both read as no mounts.
    while left > 0 and (piece := os.read(fd, min(left, 65536))):
        pieces.append(piece)
        left -= len(piece)
    data = b"".join(pieces)
    return data[: data.rfind(b"\n") + 1]


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system to report: where it is mounted, and its block device where it has one."""

    mount: Mount
    device: Number | None

    @property
    def expected(self) -> int | None:
        """What stat must tell there; None for btrfs, whose subvolumes have numbers of their own."""
        return None if self.mount.type == "btrfs" else self.mount.st_dev


def disks(mounts: list[Mount], device_of: Callable[[Mount], Number | None]) -> list[Disk]:
    """A container's root and its further disks: one entry per block device, at most `DISKS_MAX`.

    A disk is a whole file system: what a container has bound from the host's own (its root is not
    "/") is no disk of its. The root counts whatever it is; of several mounts on "/" the first is
    the one that processes see.
    """
    found: dict[Number | None, Disk] = {}
    for mount in sorted(mounts, key=lambda mount: mount.point != "/"):
        is_root = mount.point == "/"
        if not is_root and (mount.root != "/" or len(os.fsencode(mount.point)) > _POINT_MAX):
            continue
        device = device_of(mount)
        if device not in found and (device is not None or (is_root and not found)):
            found[device] = Disk(mount, device)
    return list(found.values())[:DISKS_MAX]


def block_number(mount: Mount) -> Number | None:
    """The block device under a mount, or None.

    btrfs gives its files a number of its own; the device is then the source's. Only a type that
    needs the device to be mounted may tell it: for others the source is any text.
    """
    if mount.number[0] != _WITHOUT_A_DEVICE:
        return mount.number
    if mount.type != "btrfs" or not mount.source.startswith("/dev/"):
        return None
    try:
        found = os.stat(mount.source)
    except OSError:
        return None
    return (
        (os.major(found.st_rdev), os.minor(found.st_rdev)) if stat.S_ISBLK(found.st_mode) else None
    )
