"""Pure: readings → one line per container, as `nebulxc ls` and `nebulxc top` show them.

Whatever is unknown is None, never 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from collector.reading import Reading

CONTAINER = "container"


@dataclass(frozen=True, slots=True)
class Line:
    """One container. Rates are per second, CPU in cores, memory and traffic in bytes.

    Pressures are the share of time (0 to 1) in which some task waited for the resource.
    """

    name: str
    vmid: str | None
    state: str | None
    started_s: float | None
    cpu: float | None = None
    cpu_limit: float | None = None
    memory: float | None = None
    memory_limit: float | None = None
    received: float | None = None
    sent: float | None = None
    read: float | None = None
    written: float | None = None
    cpu_pressure: float | None = None
    memory_pressure: float | None = None
    io_pressure: float | None = None


def lines(found: Mapping[tuple[str, str], Reading]) -> list[Line]:
    """A line of every container among `found`, by name."""
    return [
        line(name, reading) for (kind, name), reading in sorted(found.items()) if kind == CONTAINER
    ]


def line(name: str, reading: Reading) -> Line:
    """The line of one container."""
    return Line(
        name=name,
        vmid=dict(reading.row.entity.labels).get("vmid"),
        state=_state(reading),
        started_s=reading.value("lxc_start_time_seconds"),
        cpu=reading.rate("lxc_cpu_usage_seconds_total"),
        cpu_limit=reading.value("lxc_cpu_limit_cores"),
        memory=reading.value("lxc_memory_working_set_bytes"),
        memory_limit=reading.value("lxc_memory_limit_bytes"),
        received=_traffic(reading, "lxc_network_receive_bytes_total"),
        sent=_traffic(reading, "lxc_network_transmit_bytes_total"),
        read=reading.rate("lxc_disk_read_bytes_total"),
        written=reading.rate("lxc_disk_written_bytes_total"),
        cpu_pressure=reading.rate("lxc_pressure_cpu_waiting_seconds_total"),
        memory_pressure=reading.rate("lxc_pressure_memory_waiting_seconds_total"),
        io_pressure=reading.rate("lxc_pressure_io_waiting_seconds_total"),
    )


def _state(reading: Reading) -> str | None:
    """The label of the one state that is 1."""
    for labels, value in reading.labelled("lxc_state"):
        if value == 1:
            return dict(labels).get("state")
    return None


def _traffic(reading: Reading, metric: str) -> float | None:
    """The rate over every NIC but the loopback device."""
    rates = [value for labels, value in reading.rates(metric) if ("device", "lo") not in labels]
    return sum(rates) if rates else None
