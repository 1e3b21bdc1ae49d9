"""Which block devices a container's I/O is told of: each byte once, where the container sees it.

The kernel counts one write at every layer it passes: an LV, its pool, the disk below. A container
is told of the devices whose file systems it has mounted, and of its disks; a device that lies
below another one told is left out, except that of its root file system.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from collector import mounts
from collector.container import Container
from collector.files import read_new
from collector.formats import FormatError
from collector.group import Gone
from collector.mounts import Mount, Number
from collector.procfs import open_process, stat
from collector.sysfs import text

_SEVERAL = 2


class Layers:
    """The block devices of one host as sysfs stacks them."""

    def __init__(self, root: Path) -> None:
        self._block = root / "sys/dev/block"
        self._root = root

    def whole(self, number: Number) -> Number:
        """The disk a partition is of, for cgroups count by disk; any other device itself."""
        path = self._path(number)
        if not (path / "partition").exists():
            return number
        return self._number(path.resolve().parent) or number

    def below(self, number: Number, within: Iterable[Mount]) -> set[Number]:
        """Every device that the device's data lies on; `within` tells where images are."""
        found: set[Number] = set()
        todo = [number]
        while todo:
            for lower in self._next(todo.pop(), within):
                if lower not in found:
                    found.add(lower)
                    todo.append(lower)
        return found

    def of_mount(self, mount: Mount, within: Iterable[Mount]) -> set[Number]:
        """The disks a mounted file system is on; none for proc, tmpfs, NFS and the like."""
        if mount.number[0] != 0:
            return {self.whole(mount.number)}
        if mount.type == "btrfs":
            return self._btrfs(mount.source)
        if mount.type == "overlay":
            return self._overlay(mount.options, within)
        return set()

    def holding(self, path: str, within: Iterable[Mount]) -> set[Number]:
        """The disks that hold the file `path`, by the mount table alone: no disk is touched."""
        over = [m for m in within if is_below(path, m.point)]
        if not over:
            return set()
        longest = max(len(mount.point) for mount in over)
        mount = [mount for mount in over if len(mount.point) == longest][-1]
        return set() if mount.type == "overlay" else self.of_mount(mount, ())

    def _path(self, number: Number) -> Path:
        return self._block / f"{number[0]}:{number[1]}"

    def _number(self, device: Path) -> Number | None:
        major, _, minor = (text(device / "dev") or "").partition(":")
        return (int(major), int(minor)) if minor else None

    def _next(self, number: Number, within: Iterable[Mount]) -> set[Number]:
        path = self._path(number)
        image = text(path / "loop/backing_file")
        if image:
            return self.holding(image, within)
        try:
            names = os.listdir(path / "slaves")
        except OSError:
            return set()
        numbers = (self._number(path / "slaves" / name) for name in names)
        return {self.whole(lower) for lower in numbers if lower}

    def _btrfs(self, source: str) -> set[Number]:
        # btrfs mounts carry an invented number, and may span several disks.
        name = os.path.basename(os.path.realpath(source))
        filesystems = self._root / "sys/fs/btrfs"
        for devices in filesystems.glob("*/devices"):
            found = {self._number(devices / entry) for entry in os.listdir(devices)}
            if (devices / name).exists():
                return {self.whole(number) for number in found if number}
        return set()

    def _overlay(self, options: str, within: Iterable[Mount]) -> set[Number]:
        found: set[Number] = set()
        for option in options.split(","):
            key, _, value = option.partition("=")
            if key in ("upperdir", "lowerdir"):
                for directory in value.split(":"):
                    found |= self.holding(directory, within)
        return found


def is_below(path: str, directory: str) -> bool:
    """Whether `path` is `directory` or in it, by their names."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def number(text: bytes) -> Number:
    """b"254:0" → (254, 0)."""
    major, _, minor = text.partition(b":")
    if not (major.isdigit() and minor.isdigit()):
        raise FormatError(text, "a device number")
    return int(major), int(minor)


def told(container: Container, layers: Layers, seen: Iterable[Number]) -> set[Number]:
    """The devices to tell of: those of the container's mounts, and its disks among `seen`."""
    outside = _outside(container)
    root: set[Number] = set()
    devices: set[Number] = set()
    for mount in container.mounts.read():
        of_mount = layers.of_mount(mount, outside)
        devices |= of_mount
        if mount.point == "/":
            root = of_mount
    vmid = container.ref.vmid
    if vmid is not None:
        devices |= {d for d in seen if len(container.devices.labels(*d, vmid)) >= _SEVERAL}
    lower: set[Number] = set()
    for device in devices:
        lower |= layers.below(device, outside)
    return (devices - lower) | root


def _outside(container: Container) -> list[Mount]:
    """The mount table in which the container's images and layers have their paths."""
    try:
        monitor = stat(read_new("stat", container.proc)).ppid
        proc = open_process(container.root, monitor)
    except (OSError, Gone):
        return []
    try:
        return mounts.read(proc)
    except (OSError, Gone):
        return []
    finally:
        os.close(proc)
