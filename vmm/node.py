"""What this node offers a container, read once per action: cgroup layout, AppArmor, lxcfs, TUN."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vmm.cgroups import V1, V2, Layout
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


@dataclass(frozen=True, slots=True)
class Node:
    """The node's facts that a container's configuration depends on."""

    layout: Layout
    apparmor: bool
    seccomp: bool
    lxcfs: tuple[str, ...]
    """The files that lxcfs serves here, relative to its mount; empty where it does not run."""


def read(policy: NodePolicy, root: Path = Path("/")) -> Node:
    """The facts of the host whose file system is at `root`."""
    enabled = root / "sys/module/apparmor/parameters/enabled"
    return Node(
        layout=layout(root),
        apparmor=_text(enabled) == "Y",
        seccomp=_below(root, policy.seccomp).is_file(),
        lxcfs=_lxcfs(policy.lxcfs, root),
    )


def layout(root: Path = Path("/")) -> Layout:
    """Which cgroup version has each controller: a mounted v1 hierarchy wins, as for LXC."""
    v1, v2 = {}, {}
    for kind, point, options in _mounts(root, {"cgroup", "cgroup2"}):
        if kind == "cgroup":
            v1.update(dict.fromkeys(options, point))
        else:
            controllers = _text(_below(root, point) / "cgroup.controllers").split()
            v2.update(dict.fromkeys(controllers, point))
    versions = {name: V1 if name in v1 else V2 if name in v2 else 0 for name in _CONTROLLERS}
    # Device rules of v2 are eBPF programs: there is no controller of that name to look for.
    devices = V1 if "devices" in v1 else V2 if v2 else 0
    memsw = _below(root, v1.get("memory", "/nowhere")) / "memory.memsw.limit_in_bytes"
    return Layout(
        **versions,
        devices=devices,
        swap=memsw.exists() if versions["memory"] == V1 else _swap_v2(root),
    )


_CONTROLLERS = ("cpu", "cpuset", "memory", "pids")


def _swap_v2(root: Path) -> bool:
    """v2 has no swap file in its root group to look for; only the boot parameter turns it off."""
    return "swapaccount=0" not in _text(root / "proc/cmdline").split()


def _lxcfs(mount: str, root: Path) -> tuple[str, ...]:
    """The files served, when lxcfs is mounted: its directory alone may be there without it."""
    mounted = any(point == mount for _, point, _ in _mounts(root, {"fuse.lxcfs"}))
    base = _below(root, mount)
    return tuple(name for name in LXCFS_FILES if (base / name).exists()) if mounted else ()


def _mounts(root: Path, kinds: set[str]) -> Iterator[tuple[str, str, list[str]]]:
    """(file system, mount point, its super block's options) of the mounts of those kinds."""
    for line in _text(root / "proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind in kinds:
            yield kind, before.split(" ")[4], options.split(",")


def _below(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _text(path: Path) -> str:
    try:
        return os.fsdecode(path.read_bytes()).strip()
    except OSError:
        return ""
