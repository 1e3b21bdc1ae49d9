"""Mounts of a stopped container's root, in any mount namespace of the host."""

import contextlib
import os
from collections.abc import Iterator
from functools import partial

from control.doctor.finding import Finding
from control.doctor.sight import Sight
from vmm import inside, mounts, process

SECONDS = 20.0


def check(sight: Sight) -> Iterator[Finding]:
    """One finding per namespace and mount point. Hooks mount in the monitor's namespace, which
    ends with it: what is left was mounted by hand, or is held by another process's namespace."""
    roots = {life.container.state.rootfs: name for name, life in sight.idle.items()}
    for pid, points in _namespaces():
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


def _namespaces() -> Iterator[tuple[int, list[str]]]:
    """A process of each mount namespace (ourselves for our own) and what is mounted there."""
    seen = set()
    for pid in (os.getpid(), *process.all_pids()):
        with contextlib.suppress(OSError):
            namespace = os.readlink(f"/proc/{pid}/ns/mnt")
            if namespace not in seen:
                seen.add(namespace)
                with open(f"/proc/{pid}/mountinfo", encoding="utf-8", errors="replace") as file:
                    yield pid, [line.split(" ")[4] for line in file]


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
