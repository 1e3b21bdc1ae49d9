"""Pure: MONITOR_VM, what one container uses, from its reading beside the one before.

CPU, MEMORY, NET* and DISK* are OpenNebula's own names and units. oned keeps every other attribute
too: ours start with NEBULXC_ and docs/opennebula.md lists them. What is unknown is left out.
"""

from __future__ import annotations

from im_probes.template import attribute, monitored, vector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from collector.datastores import Disk
    from collector.lookup import Lookup
    from collector.model import Labels

    Find = Callable[[Lookup], float | None]
    Show = Callable[[float], object]

KIB = 1024
MIB = 1024 * 1024
PERCENT = 100


def _kib(value: float) -> int:
    return round(value / KIB)


def _seconds(value: float) -> str:
    return f"{value:.3f}"


def _per_second(value: float) -> str:
    return f"{value:.2f}"


def _cores_as_percent(value: float) -> str:
    return f"{value * PERCENT:.2f}"


def _value(metric: str) -> Find:
    return lambda reading: reading.value(metric)


def _total(metric: str) -> Find:
    return lambda reading: reading.total(metric)


def _rate(metric: str) -> Find:
    return lambda reading: reading.rate(metric)


SCALARS: tuple[tuple[str, Find, Show], ...] = (
    ("CPU", _rate("lxc_cpu_usage_seconds_total"), _cores_as_percent),
    ("MEMORY", _value("lxc_memory_working_set_bytes"), _kib),
    ("NETRX", _total("lxc_network_receive_bytes_total"), round),
    ("NETTX", _total("lxc_network_transmit_bytes_total"), round),
    ("DISKRDBYTES", _total("lxc_disk_read_bytes_total"), round),
    ("DISKWRBYTES", _total("lxc_disk_written_bytes_total"), round),
    ("DISKRDIOPS", _total("lxc_disk_reads_completed_total"), round),
    ("DISKWRIOPS", _total("lxc_disk_writes_completed_total"), round),
    ("NETRX_BW", _rate("lxc_network_receive_bytes_total"), round),
    ("NETTX_BW", _rate("lxc_network_transmit_bytes_total"), round),
    ("DISKRDBYTES_BW", _rate("lxc_disk_read_bytes_total"), round),
    ("DISKWRBYTES_BW", _rate("lxc_disk_written_bytes_total"), round),
    ("DISKRDIOPS_BW", _rate("lxc_disk_reads_completed_total"), _per_second),
    ("DISKWRIOPS_BW", _rate("lxc_disk_writes_completed_total"), _per_second),
    ("NEBULXC_CPU_LIMIT", _value("lxc_cpu_limit_cores"), _cores_as_percent),
    ("NEBULXC_CPU_THROTTLED_PERIODS", _value("lxc_cpu_throttled_periods_total"), round),
    ("NEBULXC_CPU_THROTTLED_SECONDS", _value("lxc_cpu_throttled_seconds_total"), _seconds),
    ("NEBULXC_MEMORY_CACHE", _value("lxc_memory_cache_bytes"), _kib),
    ("NEBULXC_MEMORY_LIMIT", _value("lxc_memory_limit_bytes"), _kib),
    ("NEBULXC_OOM_KILLS", _value("lxc_memory_oom_kills_total"), round),
    ("NEBULXC_PIDS", _value("lxc_pids"), round),
    ("NEBULXC_PIDS_LIMIT", _value("lxc_pids_limit"), round),
    ("NEBULXC_START_TIME", _value("lxc_start_time_seconds"), round),
    ("NEBULXC_SWAP", _value("lxc_memory_swap_bytes"), _kib),
    *(
        (
            f"NEBULXC_PRESSURE_{resource.upper()}_{kind.upper()}",
            _value(f"lxc_pressure_{resource}_{kind}_seconds_total"),
            _seconds,
        )
        for resource in ("cpu", "memory", "io")
        for kind in ("waiting", "stalled")
    ),
)
"""Attribute, where it comes from, how it is written."""
FINDS = {name: find for name, find, _ in SCALARS}
SHOWS = {name: show for name, _, show in SCALARS}

NIC = {
    "RXBYTES": "lxc_network_receive_bytes_total",
    "RXPACKETS": "lxc_network_receive_packets_total",
    "RXERRS": "lxc_network_receive_errs_total",
    "RXDROP": "lxc_network_receive_drop_total",
    "TXBYTES": "lxc_network_transmit_bytes_total",
    "TXPACKETS": "lxc_network_transmit_packets_total",
    "TXERRS": "lxc_network_transmit_errs_total",
    "TXDROP": "lxc_network_transmit_drop_total",
}
DISK = {
    "RDBYTES": "lxc_disk_read_bytes_total",
    "WRBYTES": "lxc_disk_written_bytes_total",
    "RDIOPS": "lxc_disk_reads_completed_total",
    "WRIOPS": "lxc_disk_writes_completed_total",
}


def render(vmid: int, reading: Lookup, more: str = "") -> str:
    """The line of one VM; `vmid` -1 is a container that OpenNebula does not know."""
    return monitored(vmid, reading.name, template(reading) + more)


def template(reading: Lookup) -> str:
    """Everything that a reading tells of one container in template syntax, unencoded."""
    # Names of ours and numbers: nothing to check or quote, and there are 30 per container.
    lines = [
        f'{name}="{show(value)}"\n'
        for name, find, show in SCALARS
        if (value := find(reading)) is not None
    ]
    lines += _each("NEBULXC_NIC", reading, NIC)
    lines += _each("NEBULXC_DISK", reading, DISK)
    return "".join(lines)


def unread(disk_bytes: Mapping[Disk, int], addresses: Iterable[str]) -> str:
    """What no reading tells: what disks and their snapshots take, in bytes, and IP addresses."""
    lines = [_size(disk, -(-size // MIB)) for disk, size in sorted(disk_bytes.items())]
    found = list(addresses)
    if found:
        lines.append(attribute("GUEST_IP", found[0]))
        lines.append(attribute("GUEST_IP_ADDRESSES", ",".join(found)))
    return "".join(lines)


def _size(disk: Disk, mib: int) -> str:
    if len(disk) == 1:
        return vector("DISK_SIZE", (("ID", disk[0]), ("SIZE", mib)))
    return vector("SNAPSHOT_SIZE", (("ID", disk[1]), ("DISK_ID", disk[0]), ("SIZE", mib)))


def outlook(forecasts: Mapping[str, tuple[float, float]]) -> str:
    """(Value, error) by attribute, as CPU_FORECAST_FAR, in the unit of what it is read from."""
    lines = []
    for name, (value, error) in forecasts.items():
        show = SHOWS[name.partition("_FORECAST")[0]]
        lines.append(attribute(name, show(value)))
        lines.append(vector("NEBULXC_FORECAST", (("NAME", name), ("ERROR", show(error)))))
    return "".join(lines)


def _each(name: str, reading: Lookup, metrics: Mapping[str, str]) -> Iterable[str]:
    """One vector per device that any of `metrics` has a value of."""
    found: dict[Labels, list[tuple[str, object]]] = {}
    for key, metric in metrics.items():
        for labels, value in reading.labelled(metric):
            found.setdefault(labels, []).append((key, round(value)))
    for labels, pairs in found.items():
        yield vector(name, [*((key.upper(), text) for key, text in labels), *pairs])
