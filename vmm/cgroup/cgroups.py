"""Which value goes into which cgroup file: pure, for cgroup v1, v2 and hybrid hosts alike.

The LXC configuration carries these, so that a start by hand and a reboot from inside get them
before init's first instruction; `vmm.cgroup.limits` writes the same ones live and reads them back.
"""

from collections.abc import Iterator

from vmm.lean.value import Value
from vmm.policy import CpuQuota, NodePolicy, OomPolicy
from vmm.spec import Limits

V1, V2 = 1, 2
QUOTA_PERIOD_US = 100_000
MIB = 1 << 20


class Layout(Value):
    """Which cgroup version has each controller on this host: 1, 2, or 0 where it is missing.

    `swap` tells whether swap is accounted (memory.memsw.* or memory.swap.* exist).
    """

    cpu: int
    cpuset: int
    memory: int
    pids: int
    devices: int
    swap: bool


class Setting(Value):
    """One file of a container's cgroup and the value it should have."""

    version: int
    file: str
    value: str

    @property
    def lxc_key(self) -> str:
        """The key of an LXC configuration that sets it."""
        return f"lxc.cgroup{'2' if self.version == V2 else ''}.{self.file}"


def settings(limits: Limits, policy: NodePolicy, layout: Layout) -> tuple[Setting, ...]:
    """Every setting for `limits`, in an order in which a fresh cgroup accepts them."""
    return (
        *_cpu(limits, policy, layout.cpu),
        *_cpuset(limits, layout.cpuset),
        *_memory(limits, layout.memory),
        *_swap(limits, policy, layout),
        *_oom(policy, layout.memory),
        *_pids(policy, layout.pids),
    )


def quota_us(limits: Limits, policy: NodePolicy) -> int | None:
    """CPU microseconds per period of 100 ms; None without a quota. The kernel's floor is 1 ms."""
    cores = {CpuQuota.CPU: limits.cpu, CpuQuota.VCPU: limits.vcpu}.get(policy.cpu_quota)
    return None if cores is None else max(1000, round(cores * QUOTA_PERIOD_US))


def _clamped(low: int, value: float, high: int) -> str:
    return str(min(high, max(low, round(value))))


def _cpu(limits: Limits, policy: NodePolicy, version: int) -> Iterator[Setting]:
    quota = quota_us(limits, policy)
    if version == V1:
        yield Setting(V1, "cpu.shares", _clamped(2, limits.cpu * 1024, 262_144))
        if quota is not None:
            yield Setting(V1, "cpu.cfs_period_us", str(QUOTA_PERIOD_US))
            yield Setting(V1, "cpu.cfs_quota_us", str(quota))
    elif version == V2:
        yield Setting(V2, "cpu.weight", _clamped(1, limits.cpu * 100, 10_000))
        if quota is not None:
            yield Setting(V2, "cpu.max", f"{quota} {QUOTA_PERIOD_US}")


def _cpuset(limits: Limits, version: int) -> Iterator[Setting]:
    if version and limits.mems:
        yield Setting(version, "cpuset.mems", limits.mems)
    if version and limits.cpus:
        yield Setting(version, "cpuset.cpus", limits.cpus)


def _memory(limits: Limits, version: int) -> Iterator[Setting]:
    """The limit, and the stock driver's soft limit: nine tenths of it in whole MiB, rounded up."""
    soft = str(-(-limits.memory_bytes * 9 // (10 * MIB)) * MIB)
    if version == V1:
        yield Setting(V1, "memory.limit_in_bytes", str(limits.memory_bytes))
        yield Setting(V1, "memory.soft_limit_in_bytes", soft)
    elif version == V2:
        yield Setting(V2, "memory.max", str(limits.memory_bytes))
        yield Setting(V2, "memory.low", soft)


def _swap(limits: Limits, policy: NodePolicy, layout: Layout) -> Iterator[Setting]:
    """v1 limits memory and swap together, v2 swap alone."""
    swap = 0 if limits.swap_bytes is None and policy.limit_swap else limits.swap_bytes
    if swap is None or not layout.swap:
        return
    if layout.memory == V1:
        yield Setting(V1, "memory.memsw.limit_in_bytes", str(limits.memory_bytes + swap))
    elif layout.memory == V2:
        yield Setting(V2, "memory.swap.max", str(swap))


def _oom(policy: NodePolicy, version: int) -> Iterator[Setting]:
    """A policy that the host's cgroup version does not know leaves the kernel's default."""
    if version == V1 and policy.oom is OomPolicy.PAUSE:
        yield Setting(V1, "memory.oom_control", "1")
    elif version == V2 and policy.oom is OomPolicy.GROUP:
        yield Setting(V2, "memory.oom.group", "1")


def _pids(policy: NodePolicy, version: int) -> Iterator[Setting]:
    if version and policy.pids is not None:
        yield Setting(version, "pids.max", str(policy.pids))
