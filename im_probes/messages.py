"""Renders each message from one look at the host."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.addresses import addresses
from collector.datastores import capacity, disk_bytes, monitored
from collector.identity import identity
from collector.inventory import Found
from collector.numa import nodes
from collector.reading import Reading
from im_probes.probes import host_monitor, host_system, vm_monitor
from im_probes.probes.host_system import System, Wild
from im_probes.probes.vm_monitor import Extra
from im_probes.probes.vm_status import State, states, vmid_of
from im_probes.sight import Look, Sight

OPENNEBULA_VERSION = Path("var/tmp/one/VERSION")
"""Where the front-end's remotes leave their version on a host."""


@dataclass(frozen=True, slots=True)
class Messages:
    """`root` holds proc/ and sys/; `running` tells who runs right now."""

    look: Look
    running: Callable[[], Mapping[str, Found]]
    datastores: Path
    version: Callable[[], str]
    root: Path = Path("/")

    def states(self) -> dict[int, State]:
        """Every OpenNebula container's state, by what runs now rather than by the last cycle."""
        known = states(self.look().containers())
        running = {vmid for name in self.running() if (vmid := vmid_of(name)) is not None}
        for vmid in known.keys() - running:
            known[vmid] = State.POWEROFF
        for vmid in running:
            if known.get(vmid) is not State.SUSPENDED:
                known[vmid] = State.RUNNING
        return known

    def monitor_vm(self) -> str:
        """MONITOR_VM: one line per OpenNebula container that runs."""
        found = self.running()
        return "".join(
            vm_monitor.render(vmid, reading, self._extra(vmid, found.get(name)))
            for reading in self.look().containers()
            if (vmid := vmid_of(name := reading.row.entity.name)) is not None and name in found
        )

    def monitor_host(self) -> str:
        """MONITOR_HOST."""
        host = self.look().host()
        return "" if host is None else host_monitor.render(host, nodes(self.root))

    def system_host(self) -> str:
        """SYSTEM_HOST."""
        sight = self.look()
        return host_system.render(
            System(
                identity(self.root),
                sight.host(),
                nodes(self.root),
                capacity(self.datastores),
                monitored(self.datastores),
                _wilds(sight),
                _version(self.root / OPENNEBULA_VERSION),
                self.version(),
                sight.agent,
            )
        )

    def _extra(self, vmid: int, found: Found | None) -> Extra:
        seen = addresses(self.root, found.init_pid) if found is not None else ()
        return Extra(disk_bytes(self.datastores, vmid), seen)


def _wilds(sight: Sight) -> list[Wild]:
    return [_wild(r) for r in sight.containers() if vmid_of(r.row.entity.name) is None]


def _wild(reading: Reading) -> Wild:
    cpus, memory = reading.value("lxc_cpu_limit_cores"), reading.value("lxc_memory_limit_bytes")
    return Wild(reading.row.entity.name, cpus, memory)


def _version(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "replace").strip() or None
    except OSError:
        return None
