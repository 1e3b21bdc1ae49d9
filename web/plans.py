"""Which charts there shall be: one table per kind of entity.

To chart another metric: add a `Plan` (or a `Line` to one). A metric that no plan names gets a
chart of its own, so that nothing in the store stays invisible.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One metric in a chart. Counters are drawn as rates.

    `role` is "line", "area" (filled), "stack" (drawn on top of the stacked line before it) or
    "limit" (dashed; alone it makes no chart).

    `name` may be "{label}", the value of that label; `tone` is a colour's number in the style
    sheet.
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


MODE = frozenset({"mode"})


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

AGENT: tuple[Plan, ...] = (
    Plan(
        "Time of a cycle", "seconds", (Line("lxcmon_cycle_duration_seconds", "cycle", 1, "area"),)
    ),
    Plan("CPU of the agent", "cores", (Line("lxcmon_cpu_seconds_total", "agent", 1, "area"),)),
    Plan("Memory of the agent", "bytes", (Line("lxcmon_resident_bytes", "resident", 1, "area"),)),
    Plan("Containers seen", "count", (Line("lxcmon_containers", "{state}"),), frozenset({"state"})),
    Plan(
        "Failed readings",
        "errors/s",
        (Line("lxcmon_errors_total", "{group}"),),
        frozenset({"group"}),
    ),
    Plan("Cycles left out", "cycles/s", (Line("lxcmon_cycles_skipped_total", "left out", 5),)),
    Plan("Store on disk", "bytes", (Line("lxcmon_store_size_bytes", "size", 1, "area"),)),
    Plan(
        "Cycles the disk would not take",
        "count",
        (Line("lxcmon_store_pending_cycles", "kept in memory", 4, "area"),),
    ),
    Plan("Cycles lost", "cycles/s", (Line("lxcmon_store_lost_cycles_total", "lost", 5),)),
    Plan("Open files", "count", (Line("lxcmon_open_fds", "descriptors", 1, "area"),)),
    Plan("Threads that hang", "count", (Line("lxcmon_stuck_threads", "threads", 5, "area"),)),
)

PLANS: dict[str, tuple[Plan, ...]] = {"container": CONTAINER, "host": HOST, "self": AGENT}
