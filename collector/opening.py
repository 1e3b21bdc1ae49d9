"""A found container → an open one: its process, its generation, its cgroups in every hierarchy."""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.cgroupfs import Cgroup, Hierarchies, memberships
from collector.container import Container, ContainerRef, generation
from collector.devices import Devices
from collector.files import read_new
from collector.group import Gone
from collector.inventory import Found
from collector.limits import descriptors
from collector.procfs import TICKS_PER_SECOND, boot_time, open_process, stat
from collector.sysfs import printable

_RESERVE = 48
"""Descriptors that one more container takes, and those that all need for a moment in each cycle."""
_MOVING_S = 10.0
"""LXC moves a new init from hierarchy to hierarchy. Where it is not by then, it will never be."""


@dataclass(frozen=True, slots=True)
class Opener:
    """What all containers of one host have in common."""

    root: Path
    hierarchies: Hierarchies
    devices: Devices
    boot_id: str

    def open(self, found: Found) -> Container:
        """Open the container; Gone when its init ended meanwhile. `close` gives it back."""
        name = printable(found.name.text)
        try:
            proc = open_process(self.root, found.init_pid)
        except OSError as error:
            raise Gone(str(error)) from error
        try:
            _check_room(proc, name)
            return self._open(found, proc)
        except BaseException:
            os.close(proc)
            raise

    def _open(self, found: Found, proc: int) -> Container:
        if stat(read_new("stat", proc)).start_ticks != found.start_ticks:
            raise Gone(f"process {found.init_pid} is another one now")
        return Container(
            ref=ContainerRef.of(printable(found.name.text)),
            init_pid=found.init_pid,
            # Read each time: a clock that was set moves the boot in unix time.
            start_time=boot_time(self.root) + found.start_ticks / TICKS_PER_SECOND,
            generation=generation(self.boot_id, found.start_ticks, found.inode),
            root=self.root,
            proc=proc,
            cgroup=self._cgroup(found, memberships(read_new("cgroup", proc))),
            devices=self.devices,
        )

    def _cgroup(self, found: Found, paths: Mapping[str, str]) -> Cgroup:
        """The directories of the name that was found, in every hierarchy where init is in one."""
        name = os.path.basename(found.directory)
        v1, missed = {}, []
        for controller, mounted in self.hierarchies.v1.items():
            inside = upto(paths.get(controller, ""), name)
            if inside is not None:
                v1[controller] = mounted / inside
            else:
                missed.append(mounted)
        inside = upto(paths.get("", ""), name)
        tree = self.hierarchies.v2
        v2 = tree / inside if tree is not None and inside is not None else None
        if tree is not None and inside is None:
            missed.append(tree)
        if any(os.path.isdir(mounted / name) for mounted in missed) and self._is_new(found):
            raise Gone(f"process {found.init_pid} is not in all of its cgroups yet")
        return Cgroup(self.hierarchies.layout, v1, v2, found.inode)

    def _is_new(self, found: Found) -> bool:
        uptime_s = float(read_new(str(self.root / "proc/uptime")).split()[0])
        return uptime_s - found.start_ticks / TICKS_PER_SECOND < _MOVING_S


def _check_room(newest: int, name: str) -> None:
    """Descriptors are given out from the lowest: the newest one tells how many there are."""
    if newest > descriptors() - _RESERVE:
        raise OSError(errno.EMFILE, "too many open files for one more container", name)


def upto(path: str, name: str) -> str | None:
    """The part of a cgroup path up to the component `name`, without the leading slash.

    Init may be further down: a guest's systemd moves itself to init.scope.
    """
    parts = path.lstrip("/").split("/")
    return "/".join(parts[: parts.index(name) + 1]) if name in parts else None


def close(container: Container) -> None:
    """Give back what `Opener.open` took."""
    os.close(container.proc)
