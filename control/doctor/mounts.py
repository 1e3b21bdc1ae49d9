"""Mounts of a stopped container's root, in any mount namespace of the host."""

import contextlib
import os
from collections.abc import Iterator
from functools import partial

from control.doctor.finding import Finding
from control.doctor.sight import Sight
from vmm.mounting import inside, mount_namespaces, mounts

SECONDS = 20.0


def check(sight: Sight) -> Iterator[Finding]:
    """One finding per namespace and mount point. Hooks mount in the monitor's namespace, which
    ends with it: what is left was mounted by hand, or is held by another process's namespace."""
    roots = {life.container.state.rootfs: name for name, life in sight.idle.items()}
    for pid, points in mount_namespaces.each():
        for point in points:
            name = roots.get(point)
            if name:
                yield Finding(
                    name,
                    f"its root is still mounted in the mount namespace of {_told(pid)}",
                    point,
                    "unmount it there",
                    partial(_unmount, pid, point),
                )


def _told(pid: int) -> str:
    if pid == os.getpid():
        return "the host"
    with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", encoding="utf-8") as file:
        return f"process {pid} ({file.read().strip()})"
    return f"process {pid}"


def _unmount(pid: int, point: str) -> None:
    """In a child where it is another namespace. Each mount was found, so each call undoes one."""
    if pid == os.getpid():
        mounts.unmount(point)
    else:
        inside.unmount(pid, [point], SECONDS)
