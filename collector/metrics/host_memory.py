"""How much memory and swap the host has, and how much of it a program can still have."""

from functools import partial

from collector.files import Text
from collector.formats import FormatError, Values, count, lines
from collector.group import Group
from collector.machine import Machine
from collector.model import MISSING, Column, Columns, Kind, Metric
from collector.source import FileSource

_SOURCE = "/proc/meminfo: filesystems/proc.rst"
_KEYS = (b"MemTotal", b"MemAvailable", b"SwapTotal", b"SwapFree")
_KIB = 1024

METRICS = (
    Metric(
        "lxc_host_memory_total_bytes",
        Kind.GAUGE,
        "bytes",
        "Memory that the kernel can give out.",
        _SOURCE,
    ),
    Metric(
        "lxc_host_memory_available_bytes",
        Kind.GAUGE,
        "bytes",
        "Memory that programs can have without swapping: free, and cache that can be dropped.",
        _SOURCE,
        limits="The kernel's own estimate (MemAvailable), not free plus cached.",
    ),
    Metric(
        "lxc_host_swap_total_bytes",
        Kind.GAUGE,
        "bytes",
        "Swap space; 0 where there is none.",
        _SOURCE,
    ),
    Metric(
        "lxc_host_swap_free_bytes",
        Kind.GAUGE,
        "bytes",
        "Swap space not in use.",
        _SOURCE,
    ),
)
_COLUMNS: Columns = tuple(Column(metric.name) for metric in METRICS)


def memory(data: bytes) -> Values:
    """/proc/meminfo → total, available, swap total and free, in bytes; MISSING where not told."""
    found = {}
    for line in lines(data):
        key, _, rest = line.partition(b":")
        if key in _KEYS:
            amount, _, unit = rest.strip().partition(b" ")
            if unit != b"kB":
                raise FormatError(line, "an amount in kB")
            found[key] = count(amount) * _KIB
    return tuple(found.get(key, MISSING) for key in _KEYS)


def _open(machine: Machine) -> FileSource:
    return FileSource(_COLUMNS, partial(Text, machine.root / "proc/meminfo", memory))


GROUP: Group[Machine] = Group("host_memory", METRICS, _open)
