from dataclasses import replace

import pytest

from vmm.cgroup.cgroups import Layout, settings
from vmm.policy import CpuQuota, NodePolicy, OomPolicy
from vmm.spec import Limits

V1 = Layout(cpu=1, cpuset=1, memory=1, pids=1, devices=1, swap=True)
V2 = Layout(cpu=2, cpuset=2, memory=2, pids=2, devices=2, swap=True)
LIMITS = Limits(cpu=0.5, memory_bytes=64 << 20, vcpu=2)
STOCK = NodePolicy()


def written(limits: Limits, policy: NodePolicy, layout: Layout) -> dict[str, str]:
    return {s.lxc_key.removeprefix("lxc."): s.value for s in settings(limits, policy, layout)}


def test_the_stock_drivers_values_on_v1() -> None:
    assert written(LIMITS, STOCK, V1) == {
        "cgroup.cpu.shares": "512",
        "cgroup.memory.limit_in_bytes": str(64 << 20),
        "cgroup.memory.soft_limit_in_bytes": str(58 << 20),
    }


def test_the_stock_drivers_values_on_v2() -> None:
    assert written(LIMITS, STOCK, V2) == {
        "cgroup2.cpu.weight": "50",
        "cgroup2.memory.max": str(64 << 20),
        "cgroup2.memory.low": str(58 << 20),
    }


def test_everything_that_a_node_may_choose() -> None:
    limits = replace(LIMITS, swap_bytes=1 << 20, cpus="0,2-3", mems="0")
    policy = NodePolicy(cpu_quota=CpuQuota.CPU, oom=OomPolicy.PAUSE, pids=99)
    assert written(limits, policy, V1) == {
        "cgroup.cpu.shares": "512",
        "cgroup.cpu.cfs_period_us": "100000",
        "cgroup.cpu.cfs_quota_us": "50000",
        "cgroup.cpuset.mems": "0",
        "cgroup.cpuset.cpus": "0,2-3",
        "cgroup.memory.limit_in_bytes": str(64 << 20),
        "cgroup.memory.soft_limit_in_bytes": str(58 << 20),
        "cgroup.memory.memsw.limit_in_bytes": str(65 << 20),
        "cgroup.memory.oom_control": "1",
        "cgroup.pids.max": "99",
    }
    chosen = replace(policy, cpu_quota=CpuQuota.VCPU, oom=OomPolicy.GROUP)
    v2 = written(limits, chosen, V2)
    assert v2["cgroup2.cpu.max"] == "200000 100000"
    assert v2["cgroup2.memory.swap.max"] == str(1 << 20)
    assert v2["cgroup2.memory.oom.group"] == "1"


@pytest.mark.parametrize(
    ("cpu", "shares", "weight"),
    [(0.001, "2", "1"), (0.1, "102", "10"), (1.0, "1024", "100"), (300.0, "262144", "10000")],
)
def test_weights_stay_within_the_kernels_bounds(cpu: float, shares: str, weight: str) -> None:
    limits = replace(LIMITS, cpu=cpu)
    assert written(limits, STOCK, V1)["cgroup.cpu.shares"] == shares
    assert written(limits, STOCK, V2)["cgroup2.cpu.weight"] == weight


def test_the_memory_limit_comes_before_the_one_with_swap() -> None:
    files = [s.file for s in settings(replace(LIMITS, swap_bytes=0), STOCK, V1)]
    assert files.index("memory.limit_in_bytes") < files.index("memory.memsw.limit_in_bytes")


def test_swap_is_limited_only_when_asked_for_and_accounted() -> None:
    none = NodePolicy(limit_swap=True)
    assert written(LIMITS, none, V2)["cgroup2.memory.swap.max"] == "0"
    assert written(LIMITS, none, V1)["cgroup.memory.memsw.limit_in_bytes"] == str(64 << 20)
    assert "cgroup2.memory.swap.max" not in written(LIMITS, none, replace(V2, swap=False))


def test_a_missing_controller_gets_no_line() -> None:
    bare = Layout(cpu=0, cpuset=0, memory=0, pids=0, devices=0, swap=True)
    limits = replace(LIMITS, swap_bytes=0, cpus="0", mems="0")
    policy = NodePolicy(cpu_quota=CpuQuota.CPU, oom=OomPolicy.GROUP, pids=1)
    assert settings(limits, policy, bare) == ()


def test_no_quota_from_vcpu_without_vcpu() -> None:
    policy = NodePolicy(cpu_quota=CpuQuota.VCPU)
    assert "cgroup2.cpu.max" not in written(replace(LIMITS, vcpu=None), policy, V2)
    tiny = written(replace(LIMITS, cpu=0.001), NodePolicy(cpu_quota=CpuQuota.CPU), V2)
    assert tiny["cgroup2.cpu.max"] == "1000 100000"
