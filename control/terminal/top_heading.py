"""Pure: the line above the table of `nebulxc top`."""

import time
from collections.abc import Mapping

from collector.reading import Reading
from control.terminal.figures import amount

_SPENT = "lxc_host_cpu_seconds_total"
_IDLE = ("idle", "iowait")


def heading(found: Mapping[tuple[str, str], Reading]) -> str:
    """Time, host, its CPU use, load and memory, as far as known."""
    host = next((reading for (kind, _), reading in found.items() if kind == "host"), None)
    return "  ".join(_parts(host)) if host else ""


def _parts(host: Reading) -> list[str]:
    parts = [
        time.strftime("%H:%M:%S", time.localtime(host.stamp.wall_ms / 1000)),
        host.row.entity.name,
    ]
    busy = [rate for labels, rate in host.rates(_SPENT) if dict(labels).get("mode") not in _IDLE]
    if busy:
        parts.append(f"cpu {sum(busy) * 100:.0f}%")
    if (load := host.value("lxc_host_load1")) is not None:
        parts.append(f"load {load:.2f}")
    total = host.value("lxc_host_memory_total_bytes")
    available = host.value("lxc_host_memory_available_bytes")
    if total is not None and available is not None:
        parts.append(f"mem {amount(total - available)}/{amount(total)}")
    return parts
