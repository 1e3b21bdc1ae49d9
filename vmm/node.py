"""What this node offers a container, read once per action: cgroup layout, AppArmor, lxcfs, TUN."""

import os
from collections.abc import Iterator

from vmm.cgroup.cgroups import V1, V2, Layout
from vmm.lean.value import Value
from vmm.policy import NodePolicy

LXCFS_FILES = (
    "proc/cpuinfo",
    "proc/diskstats",
    "proc/loadavg",
    "proc/meminfo",
    "proc/stat",
    "proc/swaps",
    "proc/uptime",
    "sys/devices/system/cpu/online",
)
"""What lxcfs serves in the place of the kernel's own files, by its documentation."""


Root = str | os.PathLike[str]
"""A directory that stands for the host's root. pathlib's import takes longer than all of this."""


class Node(Value):
    """The node's facts that a container's configuration depends on."""

    layout: Layout
    apparmor: bool
    seccomp: bool
    lxcfs: tuple[str, ...]
    """The files that lxcfs serves here, relative to its mount; empty where it does not run."""


def read(policy: NodePolicy, root: Root = "/") -> Node:
    """The facts of the host whose file system is at `root`."""
    enabled = _below(root, "sys/module/apparmor/parameters/enabled")
    return Node(
        layout=layout(root),
        apparmor=_text(enabled) == "Y",
        seccomp=os.path.isfile(_below(root, policy.seccomp)),
        lxcfs=_lxcfs(policy.lxcfs, root),
    )


def layout(root: Root = "/") -> Layout:
    """Which cgroup version has each controller: a mounted v1 hierarchy wins, as for LXC."""
    v1, v2 = {}, {}
    for kind, point, options in _mounts(root, {"cgroup", "cgroup2"}):
        if kind == "cgroup":
            v1.update(dict.fromkeys(options, point))
        else:
            controllers = _text(_below(root, f"{point}/cgroup.controllers")).split()
            v2.update(dict.fromkeys(controllers, point))
    versions = {name: V1 if name in v1 else V2 if name in v2 else 0 for name in _CONTROLLERS}
    # Device rules of v2 are eBPF programs: there is no controller of that name to look for.
    devices = V1 if "devices" in v1 else V2 if v2 else 0
    memsw = _below(root, f"{v1.get('memory', '/nowhere')}/memory.memsw.limit_in_bytes")
    return Layout(
        **versions,
        devices=devices,
        swap=os.path.exists(memsw) if versions["memory"] == V1 else _swap_v2(root),
    )


_CONTROLLERS = ("cpu", "cpuset", "memory", "pids")


def _swap_v2(root: Root) -> bool:
    """v2 has no swap file in its root group to look for; only the boot parameter turns it off."""
    return "swapaccount=0" not in _text(_below(root, "proc/cmdline")).split()


def _lxcfs(mount: str, root: Root) -> tuple[str, ...]:
    """The files served, when lxcfs is mounted: its directory alone may be there without it."""
    mounted = any(point == mount for _, point, _ in _mounts(root, {"fuse.lxcfs"}))
    base = _below(root, mount)
    return (
        tuple(name for name in LXCFS_FILES if os.path.exists(f"{base}/{name}")) if mounted else ()
    )


def _mounts(root: Root, kinds: set[str]) -> Iterator[tuple[str, str, list[str]]]:
    """(file system, mount point, its super block's options) of the mounts of those kinds."""
    for line in _text(_below(root, "proc/self/mountinfo")).splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind in kinds:
            yield kind, before.split(" ")[4], options.split(",")


def _below(root: Root, path: str) -> str:
    return os.path.join(root, path.lstrip("/"))


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return os.fsdecode(file.read()).strip()
    except OSError:
        return ""
