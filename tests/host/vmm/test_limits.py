"""Limits hold: what the kernel does to a container that wants more than its VM was given."""

import os
import time

import pytest
from support.busybox import until
from support.installation import Images, Installation, run

from vmm import node
from vmm.cgroup import cgroups, limits
from vmm.cgroup.cgroup_tree import CgroupTree
from vmm.errors import DriverError
from vmm.policy import CpuQuota, OomPolicy
from vmm.spec import Limits, VmSpec

pytestmark = pytest.mark.host

MIB = 1 << 20
HOG = """awk 'BEGIN { s = "x"; while (1) s = s s }'"""
"""It writes to its memory itself: v1 pauses nobody in a read(2) that fills a buffer."""
BURN = "while :; do :; done"


def _wanted(installation: Installation, vm: VmSpec) -> tuple[cgroups.Setting, ...]:
    return cgroups.settings(vm.limits, installation.policy, node.layout())


@pytest.mark.guest
@pytest.mark.parametrize("unprivileged", [True, False], ids=["unprivileged", "privileged"])
def test_every_limit_is_set_and_reads_back(images: Images, unprivileged: bool) -> None:
    installation = Installation(cpu_quota=CpuQuota.CPU, limit_swap=True, pids=50)
    try:
        pinned = "0,0" if os.sysconf("SC_NPROCESSORS_ONLN") == 1 else "1,0"  # as over two nodes
        given = Limits(cpu=0.5, memory_bytes=48 * MIB, cpus=pinned)
        vm = installation.vm(
            71001, root=images.busybox(), limits=given, wants_unprivileged=unprivileged
        )
        installation.do("deploy", vm)
        assert installation.told.warnings == []
        settings = _wanted(installation, vm)
        files = {setting.file for setting in settings}
        assert {"pids.max", "cpuset.cpus"} <= files
        tree = installation.container(vm).cgroups
        assert limits.mismatches(tree, settings) == []

        # More, then less: v1 takes the memory limit and that of memory and swap in one order.
        for size in (96 * MIB, 32 * MIB):
            changed = cgroups.settings(
                Limits(cpu=1, memory_bytes=size), installation.policy, node.layout()
            )
            limits.apply(tree, changed)
            assert limits.mismatches(tree, changed) == []
        assert limits.mismatches(tree, settings) != []
    finally:
        installation.close()


@pytest.mark.guest
def test_a_program_that_wants_more_memory_is_killed_alone(
    installation: Installation, images: Images
) -> None:
    given = Limits(cpu=1, memory_bytes=48 * MIB, swap_bytes=0)
    vm = installation.vm(71001, root=images.busybox(), limits=given)
    installation.do("deploy", vm)
    pid = installation.container(vm).init()

    said = installation.attach(vm, "sh", "-c", f"{HOG}; echo $?").split()

    assert said[-1] == "137"
    assert installation.container(vm).init() == pid


def test_v1_refuses_a_limit_below_what_is_used(installation: Installation, images: Images) -> None:
    given = Limits(cpu=1, memory_bytes=128 * MIB, swap_bytes=0)
    vm = installation.vm(71001, root=images.busybox(), limits=given)
    installation.do("deploy", vm)
    tree = installation.container(vm).cgroups
    held = "(head -c 80m /dev/zero; exec sleep 1000) 2> /dev/null | tail -c 80m > /dev/null 2>&1 &"
    installation.attach(vm, "sh", "-c", held)
    path = _memory_group(tree)
    until(lambda: int(run("cat", f"{path}/memory.usage_in_bytes")) > 64 * MIB, "its memory")
    less = cgroups.settings(
        Limits(cpu=1, memory_bytes=16 * MIB, swap_bytes=0), installation.policy, node.layout()
    )
    memory = [setting for setting in less if setting.file == limits.MEMORY]
    assert memory, "this host has no cgroup v1"
    with pytest.raises(DriverError, match="cannot be lowered to 16777216: the container uses more"):
        limits.apply(tree, memory)


@pytest.mark.guest
def test_a_quota_is_a_ceiling(images: Images) -> None:
    installation = Installation(cpu_quota=CpuQuota.CPU)
    try:
        vm = installation.vm(
            71001, root=images.busybox(), limits=Limits(cpu=0.2, memory_bytes=64 * MIB)
        )
        installation.do("deploy", vm)
        pid = installation.container(vm).init()
        installation.attach(
            vm, "sh", "-c", f"({BURN}) > /dev/null 2>&1 & ({BURN}) > /dev/null 2>&1 & sleep 0.2"
        )
        begun, before = time.monotonic(), _cpu_seconds(pid)
        time.sleep(2)
        used = _cpu_seconds(pid) - before
        # Reading takes time as well. A busy host may give less than the ceiling, never more.
        assert 0 < used < 0.25 * (time.monotonic() - begun)
    finally:
        installation.close()


def _cpu_seconds(pid: int | None) -> float:
    """CPU time of the container so far, from its own cgroup."""
    for line in run("cat", f"/proc/{pid}/cgroup").splitlines():
        number, names, path = line.split(":", 2)
        if "cpuacct" in names.split(","):
            return int(run("cat", f"/sys/fs/cgroup/cpuacct{path}/cpuacct.usage")) / 1e9
        if number == "0" and not names:
            stat = run("cat", f"/sys/fs/cgroup{path}/cpu.stat", check=False)
            if stat:
                return int(stat.split()[1]) / 1e6
    raise AssertionError("no CPU accounting found")


@pytest.mark.guest
def test_the_number_of_processes_is_bounded(images: Images) -> None:
    installation = Installation(pids=20)
    try:
        vm = installation.vm(71001, root=images.busybox())
        installation.do("deploy", vm)
        many = "for i in $(seq 40); do sleep 1000 > /dev/null 2>&1 & done"
        said = installation.attach(vm, "sh", "-c", f"({many}) 2>&1 || true")
        assert "fork" in said
    finally:
        installation.close()


def test_on_v1_out_of_memory_may_pause_instead(images: Images) -> None:
    """The stock driver's choice on v1: nobody dies, the program waits until it is ended."""
    installation = Installation(oom=OomPolicy.PAUSE)
    try:
        given = Limits(cpu=1, memory_bytes=48 * MIB, swap_bytes=0)
        vm = installation.vm(71001, root=images.busybox(), limits=given)
        installation.do("deploy", vm)
        tree = installation.container(vm).cgroups
        installation.attach(vm, "sh", "-c", f"{HOG} > /dev/null 2>&1 & sleep 0.1")
        path = _memory_group(tree)
        until(lambda: "under_oom 1" in run("cat", f"{path}/memory.oom_control"), "the pause")
        installation.do("cancel", vm)
    finally:
        installation.close()


def _memory_group(tree: CgroupTree) -> str:
    """Where v1 has the container's memory."""
    return next(path for found, path in tree.payloads() if "memory" in found.controllers)
