"""Pure: MONITOR_HOST, what of the host is used and free. oned drops attributes it does not know.

CPU is counted in percent of one core: a host of 8 cores has 800. Memory in KiB; free memory is
MemAvailable. Network counters are those of the physical NICs, summed.
"""

from __future__ import annotations

from im_probes.template import attribute, vector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from collector.lookup import Lookup
    from collector.numa import Node

NONE: dict[str, float] = {}
INFINITE = float("inf")
KIB = 1024
PERCENT = 100
IDLE = frozenset({"idle", "iowait"})


def render(host: Lookup, nodes: Iterable[Node], forecasts: Mapping[str, float] = NONE) -> str:
    """Everything known of the host's use; what is unknown is left out.

    `forecasts` by attribute, as USEDCPU_FORECAST_FAR, in its unit.
    """
    lines = [attribute("HYPERVISOR", "lxc"), _cpu(host), _memory(host), _network(host)]
    lines += _outlook(host, forecasts)
    lines += map(_node, nodes)
    return "".join(lines)


def _cpu(host: Lookup) -> str:
    by_mode = {dict(labels)["mode"]: value for labels, value in host.rates(_CPU)}
    if not by_mode:
        return ""
    # The kernel counts in ticks: over a second they may come to more than there was.
    most = host.value("lxc_host_cpus") or INFINITE
    free = min(most, sum(value for mode, value in by_mode.items() if mode in IDLE))
    used = min(most, sum(value for mode, value in by_mode.items() if mode not in IDLE))
    return attribute("FREECPU", round(free * PERCENT)) + attribute("USEDCPU", round(used * PERCENT))


_CPU = "lxc_host_cpu_seconds_total"


def _memory(host: Lookup) -> str:
    total = host.value("lxc_host_memory_total_bytes")
    available = host.value("lxc_host_memory_available_bytes")
    if total is None or available is None:
        return ""
    used = attribute("USEDMEMORY", round((total - available) / KIB))
    return used + attribute("FREEMEMORY", round(available / KIB))


def _network(host: Lookup) -> str:
    found = []
    for name, way in (("NETRX", "receive"), ("NETTX", "transmit")):
        metric = f"lxc_host_network_{way}_bytes_total"
        found += [(name, host.total(metric)), (f"{name}_BW", host.rate(metric))]
    return "".join(attribute(name, round(value)) for name, value in found if value is not None)


def _outlook(host: Lookup, forecasts: Mapping[str, float]) -> list[str]:
    """What is forecast, within what the host has; free is what is not used."""
    cpus, memory = host.value("lxc_host_cpus"), host.value("lxc_host_memory_total_bytes")
    totals = {
        "USEDCPU": None if cpus is None else cpus * PERCENT,
        "USEDMEMORY": None if memory is None else memory / KIB,
    }
    lines = []
    for name, value in forecasts.items():
        total = totals.get(name.partition("_")[0], INFINITE)
        if total is not None:
            told = min(max(value, 0.0), total)
            lines.append(attribute(name, f"{told:.2f}"))
            if total is not INFINITE:
                lines.append(attribute(name.replace("USED", "FREE"), f"{total - told:.2f}"))
    return lines


def _node(node: Node) -> str:
    pages = (
        vector("HUGEPAGE", (("NODE_ID", node.node_id), ("SIZE", p.size_kib), ("FREE", p.free)))
        for p in node.hugepages
    )
    used = node.total_kib - node.free_kib
    memory = (("NODE_ID", node.node_id), ("FREE", node.free_kib), ("USED", used))
    return "".join(pages) + vector("MEMORY_NODE", memory)
