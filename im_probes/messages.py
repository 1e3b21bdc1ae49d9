"""Renders each message from one look at the host."""

from __future__ import annotations

from collector import plain
from im_probes.probes import host_monitor, host_system, vm_monitor
from im_probes.probes.host_system import System, Wild
from im_probes.probes.vm_status import State, state_of, vmid_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from collector.datastores import Capacity
    from collector.lookup import Lookup
    from im_probes.sight import Sight

    More = Callable[[int, str], str]

Storage = tuple["Capacity | None", list[tuple[int, "Capacity"]]]
"""Of the place of all datastores, and by id of those that are to be told."""
REMOTES = "var/tmp/one"
"""Where the front-end's remotes lie on a host; their VERSION is OpenNebula's."""
UP = frozenset({State.RUNNING, State.SUSPENDED})


def running(sight: Sight) -> Iterator[tuple[int, Lookup]]:
    """(VM id, reading) of each OpenNebula container that ran when it was read."""
    for reading in sight.containers():
        vmid = vmid_of(reading.name)
        if vmid is not None and state_of(reading) in UP:
            yield vmid, reading


def monitor_vm(sight: Sight, more: More | None = None) -> str:
    """MONITOR_VM: one line per OpenNebula container that runs; `more` adds to (VM id, name)'s."""
    return "".join(
        vm_monitor.render(vmid, reading, more(vmid, reading.name) if more else "")
        for vmid, reading in running(sight)
    )


def monitor_host(
    sight: Sight, root: Path | str, forecasts: Mapping[str, float] = host_monitor.NONE
) -> str:
    """MONITOR_HOST."""
    from collector.numa import nodes

    host = sight.host()
    return "" if host is None else host_monitor.render(host, nodes(root), forecasts)


def system_host(
    sight: Sight,
    root: Path | str,
    storage: Storage,
    version: str,
    errors: Mapping[str, float] = host_monitor.NONE,
) -> str:
    """SYSTEM_HOST; `version` is ours, `errors` are the forecasts' by attribute."""
    from collector.identity import identity
    from collector.numa import nodes
    from collector.pci import chosen

    remotes = f"{root}/{REMOTES}"
    location, datastores = storage
    return host_system.render(
        System(
            identity=identity(root),
            host=sight.host(),
            nodes=nodes(root),
            devices=chosen(root, f"{remotes}/etc/im/nebulxc-probes.d/pci.conf"),
            location=location,
            datastores=datastores,
            wilds=_wilds(sight),
            opennebula_version=(plain.text(f"{remotes}/VERSION") or "").strip(),
            nebulxc_version=version,
            agent=sight.agent,
            errors=errors,
        )
    )


def _wilds(sight: Sight) -> list[Wild]:
    return [_wild(reading) for reading in sight.containers() if vmid_of(reading.name) is None]


def _wild(reading: Lookup) -> Wild:
    cpus, memory = reading.value("lxc_cpu_limit_cores"), reading.value("lxc_memory_limit_bytes")
    return Wild(reading.name, cpus, memory)
