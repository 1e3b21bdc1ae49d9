"""What a container's memory holds, what of it is needed, and how often that was too much."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from collector.container import Container
from collector.files import Text
from collector.formats import Keyed, Values, number
from collector.group import Group, Source
from collector.idle import WhenRan
from collector.model import MISSING, Column, Columns, Kind, Metric
from collector.slow import Slow, exists
from collector.source import FileSource, Readable

_V1 = "cgroup-v1/memory.rst"
_UNLIMITED = float(1 << 62)

METRICS = (
    Metric(
        "lxc_memory_usage_bytes",
        Kind.GAUGE,
        "bytes",
        "Memory charged to the container, page cache and kernel memory included.",
        f"memory.usage_in_bytes: {_V1}; memory.current: cgroup-v2.rst",
        limits="Cache that the kernel gives back when it needs to is part of it: see working set.",
    ),
    Metric(
        "lxc_memory_working_set_bytes",
        Kind.GAUGE,
        "bytes",
        "Usage without page cache that was not used lately: what the container needs.",
        f"usage - total_inactive_file of memory.stat: {_V1}; inactive_file: cgroup-v2.rst",
    ),
    Metric(
        "lxc_memory_cache_bytes",
        Kind.GAUGE,
        "bytes",
        "Page cache, tmpfs and shared memory included.",
        f"total_cache of memory.stat: {_V1}; file: cgroup-v2.rst",
    ),
    Metric(
        "lxc_memory_rss_bytes",
        Kind.GAUGE,
        "bytes",
        "Anonymous memory: heaps and stacks. Not the sum of the processes' RSS.",
        f"total_rss of memory.stat: {_V1}; anon: cgroup-v2.rst",
    ),
    Metric(
        "lxc_memory_swap_bytes",
        Kind.GAUGE,
        "bytes",
        "Swap space in use; absent when the kernel does not account it.",
        f"total_swap of memory.stat: {_V1}; memory.swap.current: cgroup-v2.rst",
    ),
    Metric(
        "lxc_memory_limit_bytes",
        Kind.GAUGE,
        "bytes",
        "The most memory the container may use; absent when unlimited.",
        f"hierarchical_memory_limit of memory.stat: {_V1}; memory.max: cgroup-v2.rst",
        limits="On v2 a tighter limit of a parent is not seen, and a change shows within 10 s.",
    ),
    Metric(
        "lxc_memory_oom_kills_total",
        Kind.COUNTER,
        "",
        "Processes killed because the container was at its memory limit.",
        f"oom_kill of memory.oom_control: {_V1}; oom_kill of memory.events: cgroup-v2.rst",
        limits="On v1 a kill in a cgroup nested in the container's is not counted.",
    ),
)
_COLUMNS: Columns = tuple(Column(metric.name) for metric in METRICS)

_STAT_V1 = Keyed(
    "hierarchical_memory_limit", "total_cache", "total_rss", "total_swap", "total_inactive_file"
)
_STAT_V2 = Keyed("anon", "file", "inactive_file")
_OOM_KILL = Keyed("oom_kill")


def one(data: bytes) -> Values:
    """A file of one number."""
    return (number(data),)


def _v1(container: Container, directory: Path) -> FileSource:
    """memory.stat carries the effective limit and the swap too: three files tell everything."""

    def values(usage: Values, stat: Values, events: Values) -> Values:
        limit, cache, rss, swap, inactive = stat
        limit = limit if limit < _UNLIMITED else MISSING
        return (*usage, working_set(usage[0], inactive), cache, rss, swap, limit, *events)

    return FileSource(
        _COLUMNS,
        partial(Text, directory / "memory.usage_in_bytes", one),
        partial(Text, directory / "memory.stat", _STAT_V1),
        partial(WhenRan, container.pace, directory / "memory.oom_control", _OOM_KILL),
        values=values,
    )


def _v2(container: Container, directory: Path) -> FileSource:
    def values(
        usage: Values, stat: Values, limit: Values, events: Values, swap: Values = (MISSING,)
    ) -> Values:
        rss, cache, inactive = stat
        return (*usage, working_set(usage[0], inactive), cache, rss, *swap, *limit, *events)

    files: list[Callable[[], Readable]] = [
        partial(Text, directory / "memory.current", one),
        partial(Text, directory / "memory.stat", _STAT_V2),
        partial(Slow, container.pace, directory / "memory.max", one, (MISSING,)),
        partial(WhenRan, container.pace, directory / "memory.events", _OOM_KILL),
    ]
    if exists(directory, "memory.swap.current"):
        files.append(partial(Text, directory / "memory.swap.current", one))
    return FileSource(_COLUMNS, *files, values=values)


def working_set(usage: float, inactive_file: float) -> float:
    """Usage less what is unused cache; never below 0, for the two are not read at one instant."""
    return usage - inactive_file if not usage < inactive_file else 0.0


def _open(container: Container) -> Source | None:
    if (v1 := container.cgroup.v1("memory")) is not None:
        return _v1(container, v1)
    v2 = container.cgroup.v2
    if v2 is None or not exists(v2, "memory.current"):
        return None
    return _v2(container, v2)


GROUP: Group[Container] = Group("memory", METRICS, _open)
