"""What the node's kernel must have for containers of ours."""

import os
from collections.abc import Iterator
from pathlib import Path

from control.doctor.finding import NODE, Finding
from control.doctor.sight import Sight
from vmm.node import layout

OLDEST = (5, 15)
"""Idmapped mounts of ext4, xfs and btrfs, and sequence numbers of block devices."""
CONTROLLERS = ("cpu", "cpuset", "memory", "pids", "devices")
NAMESPACES = ("user", "mnt", "net", "pid", "uts", "ipc")


def check(sight: Sight, root: Path = Path("/")) -> Iterator[Finding]:  # noqa: ARG001 - one signature
    """The host whose file system is at `root`."""
    yield from _version(root)
    yield from _namespaces(root)
    yield from _cgroups(root)
    if not (root / "dev/loop-control").exists():
        remedy = "modprobe loop, and name it in /etc/modules-load.d"
        yield Finding(NODE, "the kernel has no loop devices", "/dev/loop-control", remedy)
    if not _has_ext4(root):
        yield Finding(NODE, "the kernel has no ext4", "/proc/filesystems", "load its module")


def _version(root: Path) -> Iterator[Finding]:
    path = root / "proc/sys/kernel/osrelease"
    text = path.read_text(encoding="ascii").strip()
    numbers = tuple(int(part) for part in text.split("-")[0].split(".")[:2])
    if numbers < OLDEST:
        needed = f"install Linux {OLDEST[0]}.{OLDEST[1]} or newer, or run containers privileged"
        yield Finding(NODE, f"Linux {text} cannot map the ids of a mount", str(path), needed)


def _namespaces(root: Path) -> Iterator[Finding]:
    for name in NAMESPACES:
        if not os.path.lexists(root / f"proc/self/ns/{name}"):
            where = f"/proc/self/ns/{name}"
            yield Finding(NODE, f"the kernel has no {name} namespaces", where, "use another kernel")
    path = root / "proc/sys/user/max_user_namespaces"
    if path.exists() and int(path.read_text(encoding="ascii")) == 0:
        remedy = "sysctl user.max_user_namespaces=10000, and keep it in /etc/sysctl.d"
        yield Finding(NODE, "user namespaces are turned off", str(path), remedy)


def _cgroups(root: Path) -> Iterator[Finding]:
    found = layout(str(root))
    for name in CONTROLLERS:
        if not getattr(found, name):
            yield Finding(
                NODE,
                f"no cgroup hierarchy has the controller {name}: its limits are not set",
                "/proc/self/mountinfo",
                "mount cgroup2 on /sys/fs/cgroup (systemd does), or boot without disabling it",
            )
    if found.memory and not found.swap:
        yield Finding(
            NODE,
            "swap is not accounted: LXC_SWAP and limit_swap do nothing",
            "/proc/cmdline",
            "boot with swapaccount=1",
            note=True,
        )


def _has_ext4(root: Path) -> bool:
    """In the kernel now, or a module that mounting loads."""
    words = (root / "proc/filesystems").read_text(encoding="ascii").split()
    release = (root / "proc/sys/kernel/osrelease").read_text(encoding="ascii").strip()
    modules = root / f"lib/modules/{release}"
    lists = (modules / "modules.dep", modules / "modules.builtin")
    return "ext4" in words or any(
        "/ext4.ko" in path.read_text(encoding="utf-8") for path in lists if path.exists()
    )
