"""Limits of a running container: written to its cgroups, and read back.

`vmm.cgroup.cgroups` decides the values; LXC sets the same ones at each start. The kernel may round
a value or refuse it, so only what is read back counts.
"""

import errno
import os
from collections.abc import Iterable, Sequence

from vmm.cgroup.cgroup_tree import CgroupTree, Hierarchy
from vmm.cgroup.cgroups import V2, Setting
from vmm.errors import DriverError, NotFound

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
Groups = list[tuple[Hierarchy, str]]
MEMORY, MEMSW = "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"


def apply(tree: CgroupTree, settings: Iterable[Setting]) -> None:
    """Write every setting; DriverError names the first one that the kernel refuses."""
    wanted = list(settings)
    groups = _groups(tree, wanted)
    for setting in _ordered(tree, wanted):
        path = _path(tree, groups, setting)
        try:
            _write(path, setting.value)
        except OSError as error:
            raise _refused(path, setting, error) from error


def mismatches(tree: CgroupTree, settings: Sequence[Setting]) -> list[str]:
    """What reads back otherwise than it should, one sentence each; [] when all is as wanted."""
    groups = _groups(tree, settings)
    return [
        f"{setting.file} is {found}, not {setting.value}"
        for setting in settings
        if not _same(setting, found := _read(_path(tree, groups, setting)))
    ]


def _groups(tree: CgroupTree, settings: Sequence[Setting]) -> Groups:
    """The container's group in each hierarchy that has one of the files: v1 hosts have a dozen."""
    return tree.living(lambda hierarchy: any(_has(hierarchy, setting) for setting in settings))


def _path(tree: CgroupTree, groups: Groups, setting: Setting) -> str:
    for hierarchy, payload in groups:
        if _has(hierarchy, setting):
            return f"{payload}/{setting.file}"
    raise NotFound(f"{tree.name} has no cgroup of the controller {_controller(setting)}")


def _has(hierarchy: Hierarchy, setting: Setting) -> bool:
    if hierarchy.version != setting.version:
        return False
    return setting.version == V2 or _controller(setting) in hierarchy.controllers


def _controller(setting: Setting) -> str:
    return setting.file.partition(".")[0]


def _ordered(tree: CgroupTree, settings: list[Setting]) -> list[Setting]:
    """v1 refuses a memory limit above that of memory and swap: growing, the latter goes first."""
    limits = [setting for setting in settings if setting.file in (MEMORY, MEMSW)]
    if len(limits) < 2:  # noqa: PLR2004 - both of them
        return settings
    memory = next(setting for setting in limits if setting.file == MEMORY)
    grows = int(memory.value) > int(_read(_path(tree, _groups(tree, [memory]), memory)))
    limits.sort(key=lambda setting: setting.file != (MEMSW if grows else MEMORY))
    return [*limits, *(setting for setting in settings if setting not in limits)]


def _write(path: str, value: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)


def _read(path: str) -> str:
    """The value as the kernel tells it; of a keyed file (memory.oom_control) the first one's."""
    try:
        with open(path, encoding="ascii") as file:
            text = file.read().strip()
    except OSError as error:
        raise DriverError(f"cannot read {path}: {error.strerror}") from error
    first, *more = text.splitlines() or [""]
    return first.split()[-1] if more else first


def _same(setting: Setting, found: str) -> bool:
    """Equal, but for what the kernel makes of a value: whole pages of bytes, 0-1 of 1,0."""
    wanted = setting.value
    if wanted == found:
        return True
    if _controller(setting) == "cpuset":
        return _members(wanted) == _members(found)
    if not (wanted.isdigit() and found.isdigit()):
        return False
    return int(wanted) // PAGE_BYTES * PAGE_BYTES == int(found)


def _members(text: str) -> set[int]:
    """The CPUs or memory nodes of a list like 0-3,8."""
    spans = (part.partition("-") for part in text.split(",") if part)
    return {one for low, _, high in spans for one in range(int(low), int(high or low) + 1)}


def _refused(path: str, setting: Setting, error: OSError) -> DriverError:
    if error.errno == errno.EBUSY and setting.file.startswith("memory."):
        return DriverError(
            f"{setting.file} cannot be lowered to {setting.value}: the container uses more",
            "free memory inside it, or choose a higher limit",
        )
    return DriverError(f"cannot write {setting.value} to {path}: {error.strerror}")
