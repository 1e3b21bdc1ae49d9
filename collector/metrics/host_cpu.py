"""What the host's processors did, and how many tasks wanted them."""

from functools import partial

from collector.files import Text
from collector.formats import FormatError, Values, count
from collector.group import Group
from collector.machine import Machine
from collector.model import Column, Columns, Kind, Metric
from collector.procfs import TICKS_PER_SECOND
from collector.source import FileSource

MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_LOADS = ("lxc_host_load1", "lxc_host_load5", "lxc_host_load15")
_LOAD_FIELDS = 3

METRICS = (
    Metric(
        "lxc_host_cpu_seconds_total",
        Kind.COUNTER,
        "seconds",
        "Time that all CPUs together spent in each mode; the modes add up to CPUs times time.",
        "/proc/stat: proc(5), filesystems/proc.rst",
        ("mode",),
        "Whole ticks of 10 ms. A virtual CPU's time (guest) is part of user and nice.",
    ),
    Metric(
        "lxc_host_cpus",
        Kind.GAUGE,
        "",
        "CPUs that are online.",
        "/proc/stat: proc(5)",
    ),
    *(
        Metric(
            name,
            Kind.GAUGE,
            "",
            f"Tasks that ran, wanted to run or waited for a disk, on average over {minutes} min.",
            "/proc/loadavg: proc(5)",
        )
        for name, minutes in zip(_LOADS, (1, 5, 15), strict=True)
    ),
)
_COLUMNS: Columns = (
    *(Column("lxc_host_cpu_seconds_total", (("mode", mode),)) for mode in MODES),
    Column("lxc_host_cpus"),
    *map(Column, _LOADS),
)


def cpu_seconds(data: bytes) -> Values:
    """/proc/stat → seconds by mode, then the number of online CPUs."""
    line, _, rest = data.partition(b"\n")
    words = line.split()
    ticks = words[1 : len(MODES) + 1]
    if words[:1] != [b"cpu"] or len(ticks) < len(MODES):
        raise FormatError(line, "the sum of all CPUs")
    seconds = (count(tick) / TICKS_PER_SECOND for tick in ticks)
    return (*seconds, float((b"\n" + rest).count(b"\ncpu")))


def loads(data: bytes) -> Values:
    """/proc/loadavg → the averages of 1, 5 and 15 minutes."""
    try:
        one, five, fifteen = map(float, data.split()[:_LOAD_FIELDS])
    except ValueError:
        raise FormatError(data, "three averages") from None
    return one, five, fifteen


def _open(machine: Machine) -> FileSource:
    proc = machine.root / "proc"
    return FileSource(
        _COLUMNS,
        partial(Text, proc / "stat", cpu_seconds),
        partial(Text, proc / "loadavg", loads),
    )


GROUP: Group[Machine] = Group("host_cpu", METRICS, _open)
