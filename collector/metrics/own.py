"""What the collector says of itself: how long it takes, what it costs, what it could not do."""

import os
import time
from pathlib import Path

from collector.devices import FILES_STUCK, USAGES_STUCK, VOLUMES_STUCK
from collector.group import Group, Part
from collector.hardware import Recheck
from collector.model import MISSING, Column, Columns, Kind, Metric
from collector.statfs import ABANDONED_MAX
from collector.stats import Stats

_PAGE = os.sysconf("SC_PAGE_SIZE")
_SELF = "the agent itself"
_SLOW = "Looked up every 10 s."

METRICS = (
    Metric(
        "lxcmon_cycle_duration_seconds",
        Kind.GAUGE,
        "seconds",
        "What the cycle before this one took, storing it included.",
        _SELF,
    ),
    Metric(
        "lxcmon_cycles_skipped_total",
        Kind.COUNTER,
        "",
        "Cycles left out because the one before took longer than the interval.",
        _SELF,
    ),
    Metric(
        "lxcmon_errors_total",
        Kind.COUNTER,
        "",
        "Readings of a group of metrics that failed; their values are absent in that cycle.",
        _SELF,
        ("group",),
        'The agent\'s log has the text. "cycle" is what no group caused.',
    ),
    Metric(
        "lxcmon_containers",
        Kind.GAUGE,
        "",
        "Containers seen, by whether they run.",
        _SELF,
        ("state",),
    ),
    Metric(
        "lxcmon_stuck_threads",
        Kind.GAUGE,
        "",
        "Threads that hang in a call to a file system or disk that does not answer.",
        _SELF,
        limits=f"At most {ABANDONED_MAX}: {USAGES_STUCK} in file systems, {VOLUMES_STUCK} in LVM's"
        f" disks, {FILES_STUCK} in datastores. A kind that has so many asks nothing more until one"
        " of them answers.",
    ),
    Metric(
        "lxcmon_cpu_seconds_total",
        Kind.COUNTER,
        "seconds",
        "CPU time of the agent, all threads.",
        "clock_gettime(2), CLOCK_PROCESS_CPUTIME_ID",
    ),
    Metric(
        "lxcmon_resident_bytes",
        Kind.GAUGE,
        "bytes",
        "Memory of the agent that is not swapped out.",
        "/proc/self/statm: proc(5)",
        limits=_SLOW,
    ),
    Metric(
        "lxcmon_open_fds",
        Kind.GAUGE,
        "",
        "File descriptors that the agent has open.",
        "/proc/self/fd: proc(5)",
        limits=_SLOW,
    ),
    Metric(
        "lxcmon_store_size_bytes",
        Kind.GAUGE,
        "bytes",
        "What the store takes on disk.",
        _SELF,
        limits=_SLOW,
    ),
    Metric(
        "lxcmon_store_pending_cycles",
        Kind.GAUGE,
        "",
        "Cycles kept in memory because the disk would not take them.",
        _SELF,
    ),
    Metric(
        "lxcmon_store_lost_cycles_total",
        Kind.COUNTER,
        "",
        "Cycles given up because the disk would not take them for too long.",
        _SELF,
    ),
)
_PLAIN = tuple(
    Column(metric.name)
    for metric in METRICS
    if metric.name not in ("lxcmon_errors_total", "lxcmon_containers")
)


class _Source:
    """The collector's own figures. Nothing is kept open."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self._recheck = Recheck()
        self._resident = self._fds = self._size = MISSING
        self._groups = _groups()
        self._columns: Columns = (
            *_PLAIN,
            Column("lxcmon_containers", (("state", "running"),)),
            Column("lxcmon_containers", (("state", "stopped"),)),
            *(Column("lxcmon_errors_total", (("group", name),)) for name in self._groups),
        )

    def read(self) -> Part:
        """The figures of the cycle before; a single reading has no duration and no store."""
        stats, store = self._stats, self._stats.store
        if self._recheck.due():
            self._look_up()
        values = (
            MISSING if stats.duration_s is None else stats.duration_s,
            float(stats.skipped_cycles),
            MISSING if stats.devices is None else float(stats.devices.stuck_threads),
            time.process_time(),
            self._resident,
            self._fds,
            self._size,
            MISSING if store is None else float(store.pending_cycles()),
            MISSING if store is None else float(store.lost_cycles()),
            float(stats.containers_running),
            float(stats.containers_stopped),
        )
        errors = (float(stats.errors.get(name, 0)) for name in self._groups)
        return self._columns, (*values, *errors)

    def _look_up(self) -> None:
        self._resident = float(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
        self._fds = float(_open_fds())
        store = self._stats.store
        self._size = MISSING if store is None else float(store.size_bytes())

    def close(self) -> None:
        """Nothing is open."""


def _open_fds() -> int:
    # Linux 6.2 tells the number; listing them takes 2 ms where there are 1,300.
    told = os.stat("/proc/self/fd").st_size
    # One is the descriptor that lists them.
    return told or len(os.listdir("/proc/self/fd")) - 1


def _groups() -> tuple[str, ...]:
    from collector import metrics  # it imports this file for its tables

    names = {*metrics.CONTAINER, *metrics.HOST, *metrics.SELF}
    return (*sorted(names), "cycle")


GROUP: Group[Stats] = Group("own", METRICS, _Source)
