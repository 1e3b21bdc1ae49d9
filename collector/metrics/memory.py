"""What a container's memory holds, what of it is needed, and how often that was too much."""

from contextlib import ExitStack, closing
from pathlib import Path

from collector.container import Container
from collector.files import Texts
from collector.formats import Keyed, Parser, Values, number
from collector.group import Group, Source
from collector.model import MISSING, Column, Columns, Kind, Metric
from collector.slow import Slow, exists

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


class _V1Source:
    """memory.stat carries the effective limit and the swap too: three files tell everything."""

    def __init__(self, directory: Path) -> None:
        self._texts = Texts(
            (directory / "memory.usage_in_bytes", one),
            (directory / "memory.stat", _STAT_V1),
            (directory / "memory.oom_control", _OOM_KILL),
        )
        self._usage, self._stat, self._events = self._texts

    def read(self, values: list[float]) -> Columns:
        """The values in the order of METRICS."""
        (usage,) = self._usage.read()
        limit, cache, rss, swap, inactive = self._stat.read()
        limit = limit if limit < _UNLIMITED else MISSING
        values += (usage, working_set(usage, inactive), cache, rss, swap, limit)
        values += self._events.read()
        return _COLUMNS

    def close(self) -> None:
        """Close the files."""
        self._texts.close()


class _V2Source:
    def __init__(self, container: Container, directory: Path) -> None:
        files: list[tuple[Path, Parser]] = [
            (directory / "memory.current", one),
            (directory / "memory.stat", _STAT_V2),
            (directory / "memory.events", _OOM_KILL),
        ]
        if exists(directory, "memory.swap.current"):
            files.append((directory / "memory.swap.current", one))
        with ExitStack() as undo:
            texts = undo.enter_context(closing(Texts(*files)))
            limit = Slow(container.pace, directory / "memory.max", one, (MISSING,))
            self._limit = undo.enter_context(closing(limit))
            self.close = undo.pop_all().close
        self._usage, self._stat, self._events, *self._swap = texts

    def read(self, values: list[float]) -> Columns:
        """The values in the order of METRICS."""
        (usage,) = self._usage.read()
        rss, cache, inactive = self._stat.read()
        swap = self._swap[0].read()[0] if self._swap else MISSING
        values += (usage, working_set(usage, inactive), cache, rss, swap)
        values += self._limit.read()
        values += self._events.read()
        return _COLUMNS


def working_set(usage: float, inactive_file: float) -> float:
    """Usage less what is unused cache; never below 0, for the two are not read at one instant."""
    return usage - inactive_file if not usage < inactive_file else 0.0


def _open(container: Container) -> Source | None:
    if (v1 := container.cgroup.v1("memory")) is not None:
        return _V1Source(v1)
    v2 = container.cgroup.v2
    if v2 is None or not exists(v2, "memory.current"):
        return None
    return _V2Source(container, v2)


GROUP: Group[Container] = Group("memory", METRICS, _open)
