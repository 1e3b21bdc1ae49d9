"""Limits as LXC configuration lines, for whichever cgroup layout this machine has."""

import os
from pathlib import Path

from collector.cgroupfs import Hierarchies

PERIOD_US = 100_000


def layout() -> str:
    """ "v1", "hybrid" or "v2"."""
    return Hierarchies.mounted(Path("/")).layout


def _is_v1(controller: str) -> bool:
    return controller in Hierarchies.mounted(Path("/")).v1


def cpu(cores: float) -> tuple[str, ...]:
    """At most so many cores; served before others, so that a busy machine changes little."""
    quota = int(cores * PERIOD_US)
    if _is_v1("cpu"):
        return (
            f"lxc.cgroup.cpu.cfs_period_us = {PERIOD_US}",
            f"lxc.cgroup.cpu.cfs_quota_us = {quota}",
            "lxc.cgroup.cpu.shares = 65536",
        )
    return (f"lxc.cgroup2.cpu.max = {quota} {PERIOD_US}", "lxc.cgroup2.cpu.weight = 10000")


def memory(mib: int) -> tuple[str, ...]:
    """At most so much memory, and no swap."""
    size = mib << 20
    if _is_v1("memory"):
        return (
            f"lxc.cgroup.memory.limit_in_bytes = {size}",
            f"lxc.cgroup.memory.memsw.limit_in_bytes = {size}",
        )
    return (f"lxc.cgroup2.memory.max = {size}", "lxc.cgroup2.memory.swap.max = 0")


def pids(count: int) -> tuple[str, ...]:
    """At most so many tasks."""
    key = "lxc.cgroup" if _is_v1("pids") else "lxc.cgroup2"
    return (f"{key}.pids.max = {count}",)


def count_io(device: str) -> None:
    """Have v1 count the I/O of a device (its kernel name): on Linux 6.18 only a limit does.

    The limit is set in a cgroup of its own and lifted again; the counting stays.
    """
    blkio = Hierarchies.mounted(Path("/")).v1.get("blkio")
    if blkio is None:
        return
    number = Path(f"/sys/class/block/{device}/dev").read_text().strip()
    cgroup = blkio / f"nebulxc-count-{device}-{os.getpid()}"
    cgroup.mkdir()
    try:
        for limit in (1 << 50, 0):
            (cgroup / "blkio.throttle.read_bps_device").write_text(f"{number} {limit}")
    finally:
        cgroup.rmdir()
