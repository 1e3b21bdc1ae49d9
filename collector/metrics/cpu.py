"""How much CPU time a container used, may use, and was denied."""

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from collector.cgroupfs import Cgroup
from collector.container import Container
from collector.files import Text
from collector.formats import MICRO, NANO, FormatError, Keyed, Parser, Values, count, lines, number
from collector.group import Group, Source
from collector.idle import CpuTime
from collector.model import MISSING, Column, Columns, Kind, Metric
from collector.pace import Pace
from collector.procfs import TICKS_PER_SECOND
from collector.slow import Slow, exists
from collector.source import FileSource, Readable

_V1, _V2 = "cgroup-v1/cpuacct.rst", "cgroup-v2.rst"
_BANDWIDTH = "scheduler/sched-bwc.rst"
_WITH_LIMIT = "Absent without a limit; a limit that is set while it runs shows within 10 s."
_UNLIMITED = b"-1\n"

METRICS = (
    Metric(
        "lxc_cpu_usage_seconds_total",
        Kind.COUNTER,
        "seconds",
        "CPU time used by the container.",
        f"usage_usec of cpu.stat: {_V2}; cpuacct.usage: {_V1}",
    ),
    Metric(
        "lxc_cpu_seconds_total",
        Kind.COUNTER,
        "seconds",
        "CPU time used in user and in kernel mode.",
        f"user_usec, system_usec of cpu.stat: {_V2}; cpuacct.stat: {_V1}",
        ("mode",),
        "Split by the kernel's sampling; without a v2 tree in steps of 10 ms.",
    ),
    Metric(
        "lxc_cpu_periods_total",
        Kind.COUNTER,
        "",
        "Enforcement periods that elapsed while the container had a CPU limit.",
        f"nr_periods of cpu.stat: {_BANDWIDTH}",
        limits=_WITH_LIMIT,
    ),
    Metric(
        "lxc_cpu_throttled_periods_total",
        Kind.COUNTER,
        "",
        "Periods in which the container used up its limit and was stopped.",
        f"nr_throttled of cpu.stat: {_BANDWIDTH}",
        limits=_WITH_LIMIT,
    ),
    Metric(
        "lxc_cpu_throttled_seconds_total",
        Kind.COUNTER,
        "seconds",
        "Time the container's tasks were stopped by the limit, summed over CPUs.",
        f"throttled_time, throttled_usec of cpu.stat: {_BANDWIDTH}",
        limits=_WITH_LIMIT,
    ),
    Metric(
        "lxc_cpu_limit_cores",
        Kind.GAUGE,
        "",
        "CPU time the container may use per time, in cores; absent when unlimited.",
        f"cpu.max: {_V2}; cpu.cfs_quota_us / cpu.cfs_period_us: {_BANDWIDTH}",
        limits="A cpuset is no limit in this sense. A change shows within 10 s.",
    ),
)
_USAGE_COLUMNS: Columns = (
    Column("lxc_cpu_usage_seconds_total"),
    Column("lxc_cpu_seconds_total", (("mode", "user"),)),
    Column("lxc_cpu_seconds_total", (("mode", "system"),)),
)
_BANDWIDTH_COLUMNS: Columns = (
    Column("lxc_cpu_periods_total"),
    Column("lxc_cpu_throttled_periods_total"),
    Column("lxc_cpu_throttled_seconds_total"),
    Column("lxc_cpu_limit_cores"),
)
_COLUMNS = _USAGE_COLUMNS + _BANDWIDTH_COLUMNS

_NO_LIMIT: Values = (MISSING, MISSING, MISSING, MISSING)
"""Periods, throttled periods and seconds, cores: nothing of it is there without a limit."""

_USAGE_V2 = Keyed("usage_usec", "user_usec", "system_usec", per=MICRO)
_MODES_V1 = Keyed("user", "system", per=TICKS_PER_SECOND)
_PERIODS = Keyed("nr_periods", "nr_throttled")
_THROTTLED_V1 = Keyed("throttled_time", per=NANO)
_THROTTLED_V2 = Keyed("throttled_usec", per=MICRO)


def usage_v1(data: bytes) -> Values:
    """cpuacct.usage, nanoseconds."""
    return (number(data) / NANO,)


def periods_v1(data: bytes) -> Values:
    """cpu.stat of v1 → periods, throttled periods, throttled seconds."""
    return _PERIODS(data) + _THROTTLED_V1(data)


def stat_v2(data: bytes) -> Values:
    """cpu.stat of v2 → usage, user, system seconds, then as `periods_v1`."""
    return _USAGE_V2(data) + _PERIODS(data) + _THROTTLED_V2(data)


def cores(quota: bytes, period: bytes) -> Values:
    """The limit: quota / period, both in microseconds."""
    if count(period) == 0:
        raise FormatError(period, "a period")
    return (count(quota) / count(period),)


def max_v2(data: bytes) -> Values:
    """cpu.max ("max 100000" or "50000 100000") → cores."""
    quota, _, period = b"\n".join(lines(data)).partition(b" ")
    return (MISSING,) if quota == b"max" else cores(quota, period)


def quota_v1(data: bytes) -> Values:
    """cpu.cfs_quota_us → seconds; MISSING for -1, no limit."""
    return (MISSING,) if data == _UNLIMITED else (number(data),)


def period_v1(data: bytes) -> Values:
    """cpu.cfs_period_us."""
    return (number(data),)


class _BandwidthV1:
    """Periods and the limit. Without a limit cpu.stat stands still and is not read."""

    def __init__(self, pace: Pace, directory: Path) -> None:
        quota, period = directory / "cpu.cfs_quota_us", directory / "cpu.cfs_period_us"
        with ExitStack() as undo:
            self._quota = undo.enter_context(closing(Slow(pace, quota, quota_v1, (MISSING,))))
            self._period = undo.enter_context(closing(Slow(pace, period, period_v1, (MISSING,))))
            self._stat = undo.enter_context(closing(Text(directory / "cpu.stat", periods_v1)))
            self.close = undo.pop_all().close
        self.said = _NO_LIMIT

    def look(self) -> bool:
        self._quota.look()
        (quota,) = self._quota.said
        before = self.said
        if math.isnan(quota):
            self.said = _NO_LIMIT
        else:
            self._period.look()
            self.said = (*self._stat.read(), quota / self._period.said[0])
        return self.said is not before


def _v1(usage: Sequence[tuple[Path, Parser]], pace: Pace, cpu: Path | None) -> FileSource:
    """The usage from where it is told best, the limit where there is a controller."""
    columns: Columns = _USAGE_COLUMNS if usage else ()
    files: list[Callable[[], Readable]] = [partial(CpuTime, pace, *file) for file in usage[:1]]
    files += [partial(Text, *file) for file in usage[1:]]
    if cpu is not None:
        columns += _BANDWIDTH_COLUMNS
        files.append(partial(_BandwidthV1, pace, cpu))
    return FileSource(columns, *files)


def _v2(pace: Pace, directory: Path) -> FileSource:
    """cpu.stat tells usage and periods at once."""

    def values(stat: Values, limit: Values) -> Values:
        if math.isnan(limit[0]):
            return stat[: len(_USAGE_COLUMNS)] + _NO_LIMIT
        return stat + limit

    return FileSource(
        _COLUMNS,
        partial(CpuTime, pace, directory / "cpu.stat", stat_v2),
        partial(Slow, pace, directory / "cpu.max", max_v2, (MISSING,)),
        values=values,
    )


def _open(container: Container) -> Source | None:
    cgroup, pace = container.cgroup, container.pace
    cpu, tree = cgroup.v1("cpu"), cgroup.v2
    if cpu is None and tree is not None and exists(tree, "cpu.max"):
        return _v2(pace, tree)
    usage = _usage_files(cgroup)
    return _v1(usage, pace, cpu) if usage or cpu is not None else None


def _usage_files(cgroup: Cgroup) -> list[tuple[Path, Parser]]:
    """A v2 tree tells usage and modes at once, also without controllers (hybrid hosts)."""
    if cgroup.v2 is not None and exists(cgroup.v2, "cpu.stat"):
        return [(cgroup.v2 / "cpu.stat", _USAGE_V2)]
    accounting = cgroup.v1("cpuacct")
    if accounting is None:
        return []
    return [(accounting / "cpuacct.usage", usage_v1), (accounting / "cpuacct.stat", _MODES_V1)]


GROUP: Group[Container] = Group("cpu", METRICS, _open)
