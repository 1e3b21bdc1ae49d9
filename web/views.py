"""Pure: what was read of a container or the host → the plain dicts of the API."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from collector.model import Labels
from collector.reading import Reading
from collector.sysfs import printable
from web.live import Snapshot

Json = dict[str, Any]
RESOURCES = ("cpu", "memory", "io")


def printed(labels: Labels) -> dict[str, str]:
    """Labels as a dict, fit to be shown."""
    return {name: printable(value) for name, value in labels}


def path_of(name: str) -> str:
    """The name as one segment of a URL."""
    return quote(printable(name), safe="")


def state(reading: Reading) -> str:
    """The state whose column is 1: "running", "frozen", "stopped"; "unknown" without one."""
    for labels, value in reading.labelled("lxc_state"):
        if value == 1:
            return dict(labels).get("state", "unknown")
    return "unknown"


def _pressure(reading: Reading, prefix: str) -> Json:
    """Share of time in which some task waited, 0 to 1, per resource."""
    return {
        what: reading.rate(f"{prefix}pressure_{what}_waiting_seconds_total") for what in RESOURCES
    }


def _traffic(reading: Reading, prefix: str) -> Json:
    return {
        "receive_bytes_per_second": reading.rate(f"{prefix}network_receive_bytes_total"),
        "transmit_bytes_per_second": reading.rate(f"{prefix}network_transmit_bytes_total"),
    }


def _disk(reading: Reading, prefix: str) -> Json:
    return {
        "read_bytes_per_second": reading.rate(f"{prefix}disk_read_bytes_total"),
        "written_bytes_per_second": reading.rate(f"{prefix}disk_written_bytes_total"),
    }


def _throttled(reading: Reading) -> float | None:
    """The share of quota periods that ran into the quota; None where none ran."""
    periods = reading.rate("lxc_cpu_periods_total")
    throttled = reading.rate("lxc_cpu_throttled_periods_total")
    return throttled / periods if periods and throttled is not None else None


def container(reading: Reading, cpu_history: Sequence[float | None] = ()) -> Json:
    """One container: rates are between the last two readings, None where there is none."""
    entity = reading.row.entity
    labels = printed(entity.labels)
    return {
        "name": printable(entity.name),
        "path": path_of(entity.name),
        "vmid": labels.get("vmid"),
        "labels": labels,
        "state": state(reading),
        "started": reading.value("lxc_start_time_seconds"),
        "cpu": {
            "cores": reading.rate("lxc_cpu_usage_seconds_total"),
            "limit_cores": reading.value("lxc_cpu_limit_cores"),
            "throttled_share": _throttled(reading),
            "history": list(cpu_history),
        },
        "memory": {
            "working_set_bytes": reading.value("lxc_memory_working_set_bytes"),
            "usage_bytes": reading.value("lxc_memory_usage_bytes"),
            "limit_bytes": reading.value("lxc_memory_limit_bytes"),
            "oom_kills": reading.value("lxc_memory_oom_kills_total"),
        },
        "network": _traffic(reading, "lxc_"),
        "disk": _disk(reading, "lxc_"),
        "pressure": _pressure(reading, "lxc_"),
        "pids": {"now": reading.value("lxc_pids"), "limit": reading.value("lxc_pids_limit")},
    }


def containers(snapshot: Snapshot) -> list[Json]:
    """Every container of the last cycle, by name."""
    found = [
        container(reading, snapshot.cpu_history.get(key, ()))
        for key, reading in snapshot.readings.items()
        if key[0] == "container"
    ]
    return sorted(found, key=lambda one: str(one["name"]))


def host_reading(snapshot: Snapshot) -> Reading | None:
    """The host's reading in the last cycle."""
    return next((r for key, r in snapshot.readings.items() if key[0] == "host"), None)


def host(snapshot: Snapshot) -> Json | None:
    """The host's summary; None where the last cycle has none."""
    reading = host_reading(snapshot)
    if reading is None:
        return None
    entity = reading.row.entity
    history = snapshot.cpu_history.get((entity.kind, entity.name), ())
    return {
        "name": printable(entity.name),
        "labels": printed(entity.labels),
        "cpu": _host_cpu(reading, history),
        "load": [reading.value(f"lxc_host_load{minutes}") for minutes in (1, 5, 15)],
        "memory": {
            "total_bytes": reading.value("lxc_host_memory_total_bytes"),
            "available_bytes": reading.value("lxc_host_memory_available_bytes"),
        },
        "swap": {
            "total_bytes": reading.value("lxc_host_swap_total_bytes"),
            "free_bytes": reading.value("lxc_host_swap_free_bytes"),
        },
        "network": _traffic(reading, "lxc_host_"),
        "disk": _disk(reading, "lxc_host_"),
        "pressure": _pressure(reading, "lxc_host_"),
    }


def _host_cpu(reading: Reading, history: Sequence[float | None]) -> Json:
    modes = {
        dict(labels).get("mode", ""): value
        for labels, value in reading.rates("lxc_host_cpu_seconds_total")
    }
    return {
        "cores": history[-1] if history else None,
        "total_cores": reading.value("lxc_host_cpus"),
        "modes": modes,
        "history": list(history),
    }


def agent(reading: Reading) -> Json:
    """The agent's own summary."""
    entity = reading.row.entity
    return {"name": printable(entity.name), "labels": printed(entity.labels)}


def readings_of(reading: Reading) -> list[Json]:
    """Every column of one entity: metric, labels, value and, where there is one, its rate."""
    found = []
    for metric in dict.fromkeys(column.metric for column in reading.row.columns):
        rates: Mapping[Any, float] = dict(reading.rates(metric))
        for labels, value in reading.labelled(metric):
            one: Json = {"metric": metric, "labels": dict(labels), "value": value}
            if metric.endswith("_total"):
                one["rate"] = rates.get(labels)
            found.append(one)
    return found
