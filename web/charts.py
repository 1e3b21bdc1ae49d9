"""Which charts there are: one table per kind of entity, filled with what the store really has.

To chart another metric: add a `Plan` (or a `Line` to one). A metric that no plan names gets a
chart of its own, so that nothing in the store stays invisible.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collector.model import Columns, Labels


@dataclass(frozen=True, slots=True)
class Line:
    """One metric in a chart. Counters are drawn as rates.

    `role` is "line", "area" (filled), "stack" (drawn on top of the stacked line before it) or
    "limit" (dashed; alone it makes no chart).

    `name` may hold {label} fields; `tone` is the colour's number in the style sheet.
    """

    metric: str
    name: str
    tone: int = 1
    role: str = "line"


@dataclass(frozen=True, slots=True)
class Plan:
    """A chart per set of labels its lines have, leaving out those in `within`."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    within: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line with the labels of the column it draws."""

    metric: str
    labels: dict[str, str]
    name: str
    tone: int
    role: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart as the page draws it. `subject` says which NIC, disk or file system."""

    title: str
    subject: str
    unit: str
    lines: tuple[Drawn, ...]


MODE = frozenset({"mode"})
_TONES = {"user": 1, "system": 3, "iowait": 4, "steal": 6, "irq": 5, "softirq": 5, "nice": 2}


def _network(prefix: str) -> tuple[Plan, ...]:
    return (
        Plan(
            "Network traffic",
            "bytes/s",
            (
                Line(f"{prefix}network_receive_bytes_total", "receive", 2, "area"),
                Line(f"{prefix}network_transmit_bytes_total", "transmit", 1),
            ),
        ),
        Plan(
            "Network packets",
            "packets/s",
            (
                Line(f"{prefix}network_receive_packets_total", "receive", 2),
                Line(f"{prefix}network_transmit_packets_total", "transmit", 1),
                Line(f"{prefix}network_receive_errs_total", "receive errors", 5),
                Line(f"{prefix}network_transmit_errs_total", "transmit errors", 4),
                Line(f"{prefix}network_receive_drop_total", "receive drops", 6),
                Line(f"{prefix}network_transmit_drop_total", "transmit drops", 3),
            ),
        ),
    )


def _disk(prefix: str, title: str = "Disk") -> tuple[Plan, ...]:
    return (
        Plan(
            f"{title} throughput",
            "bytes/s",
            (
                Line(f"{prefix}read_bytes_total", "read", 2, "area"),
                Line(f"{prefix}written_bytes_total", "write", 1),
            ),
        ),
        Plan(
            f"{title} operations",
            "ops/s",
            (
                Line(f"{prefix}reads_completed_total", "reads", 2),
                Line(f"{prefix}writes_completed_total", "writes", 1),
            ),
        ),
    )


def _pressure(prefix: str) -> tuple[Plan, ...]:
    return tuple(
        Plan(
            title,
            "share",
            tuple(
                Line(f"{prefix}pressure_{what}_{how}_seconds_total", what, tone)
                for what, tone in (("cpu", 1), ("memory", 3), ("io", 4))
            ),
        )
        for title, how in (
            ("Pressure: some tasks waiting", "waiting"),
            ("Pressure: all tasks stalled", "stalled"),
        )
    )


def _filesystem(prefix: str, *telling: Line) -> Plan:
    return Plan(
        "File system",
        "bytes",
        (
            *telling,
            Line(f"{prefix}filesystem_size_bytes", "size", 5, "limit"),
        ),
    )


CONTAINER: tuple[Plan, ...] = (
    Plan(
        "CPU",
        "cores",
        (
            Line("lxc_cpu_seconds_total", "{mode}", 2, "stack"),
            Line("lxc_cpu_usage_seconds_total", "total", 2),
            Line("lxc_cpu_limit_cores", "limit", 5, "limit"),
        ),
        MODE,
    ),
    Plan(
        "Memory",
        "bytes",
        (
            Line("lxc_memory_usage_bytes", "usage", 2),
            Line("lxc_memory_working_set_bytes", "working set", 1, "area"),
            Line("lxc_memory_rss_bytes", "rss", 3),
            Line("lxc_memory_cache_bytes", "cache", 4),
            Line("lxc_memory_swap_bytes", "swap", 6),
            Line("lxc_memory_limit_bytes", "limit", 5, "limit"),
        ),
    ),
    *_network("lxc_"),
    *_disk("lxc_disk_"),
    *_disk("lxc_rbd_", "RBD"),
    *_pressure("lxc_"),
    Plan("CPU throttled time", "share", (Line("lxc_cpu_throttled_seconds_total", "throttled", 5),)),
    Plan(
        "CPU quota periods",
        "periods/s",
        (
            Line("lxc_cpu_periods_total", "periods", 2),
            Line("lxc_cpu_throttled_periods_total", "throttled", 5),
        ),
    ),
    Plan(
        "Processes",
        "count",
        (Line("lxc_pids", "processes", 1, "area"), Line("lxc_pids_limit", "limit", 5, "limit")),
    ),
    _filesystem(
        "lxc_",
        Line("lxc_filesystem_used_bytes", "used", 1, "area"),
        Line("lxc_filesystem_available_bytes", "available", 2),
    ),
    Plan("OOM kills", "kills/s", (Line("lxc_memory_oom_kills_total", "killed", 5),)),
)

HOST: tuple[Plan, ...] = (
    Plan(
        "CPU",
        "cores",
        (
            Line("lxc_host_cpu_seconds_total", "{mode}", 1, "stack"),
            Line("lxc_host_cpus", "cores", 5, "limit"),
        ),
        MODE,
    ),
    Plan(
        "Load",
        "count",
        (
            Line("lxc_host_load1", "1 min", 1),
            Line("lxc_host_load5", "5 min", 2),
            Line("lxc_host_load15", "15 min", 3),
        ),
    ),
    Plan(
        "Memory",
        "bytes",
        (
            Line("lxc_host_memory_available_bytes", "available", 2, "area"),
            Line("lxc_host_swap_free_bytes", "swap free", 6),
            Line("lxc_host_memory_total_bytes", "total", 5, "limit"),
            Line("lxc_host_swap_total_bytes", "swap", 4, "limit"),
        ),
    ),
    *_pressure("lxc_host_"),
    *_network("lxc_host_"),
    *_disk("lxc_host_disk_"),
    _filesystem("lxc_host_", Line("lxc_host_filesystem_avail_bytes", "available", 2, "area")),
)

PLANS: dict[str, tuple[Plan, ...]] = {"container": CONTAINER, "host": HOST}
_NOT_CHARTED = {
    "lxc_info",
    "lxc_state",
    "lxc_start_time_seconds",
    "lxc_disk_info",
    "lxc_rbd_mapped",
}
_IDLE = {("mode", "idle")}


def charts(kind: str, columns: Columns) -> list[Chart]:
    """Every chart of an entity that ever had `columns`, in the plans' order."""
    plans = PLANS.get(kind, ())
    planned = {line.metric for plan in plans for line in plan.lines} | _NOT_CHARTED
    rest = dict.fromkeys(c.metric for c in columns if c.metric not in planned)
    every = [*plans, *(_plain(metric) for metric in rest)]
    return [chart for plan in every for chart in _filled(plan, columns)]


def _plain(metric: str) -> Plan:
    """The chart of a metric that no plan names: its own name is the title."""
    unit = "bytes" if "_bytes" in metric else "count"
    if metric.endswith("_total"):
        unit = "bytes/s" if unit == "bytes" else "1/s"
    return Plan(metric, unit, (Line(metric, "value"),))


def _filled(plan: Plan, columns: Columns) -> Iterator[Chart]:
    """One chart per set of labels, if any of its lines that is not a limit has a column."""
    groups: dict[Labels, list[Drawn]] = {}
    for line in plan.lines:
        for column in columns:
            if column.metric == line.metric and not _IDLE.intersection(column.labels):
                subject = tuple(pair for pair in column.labels if pair[0] not in plan.within)
                groups.setdefault(subject, []).append(_drawn(line, column.labels))
    for subject, lines in groups.items():
        if any(line.role != "limit" for line in lines):
            yield Chart(plan.title, _subject(subject), plan.unit, tuple(lines))


def _drawn(line: Line, labels: Labels) -> Drawn:
    found = dict(labels)
    mode = found.get("mode", "")
    tone = _TONES.get(mode, line.tone) if line.name == "{mode}" else line.tone
    return Drawn(line.metric, found, line.name.replace("{mode}", mode), tone, line.role)


def _subject(labels: Sequence[tuple[str, str]]) -> str:
    """ "eth0", or "/media/data · disk 2 · loop3": the values, the telling ones first."""
    values = dict(labels)
    disk = values.pop("disk_id", None)
    mount = values.pop("mountpoint", None)
    told = [mount, f"disk {disk}" if disk else None, *values.values()]
    return " · ".join(text for text in told if text)
