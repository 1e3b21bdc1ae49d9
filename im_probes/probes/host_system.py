"""Pure: SYSTEM_HOST, what the host is and holds; it becomes part of the host's template in oned."""

from __future__ import annotations

from collector.record import Record
from im_probes.template import attribute, base64, vector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from collector.datastores import Capacity
    from collector.identity import Identity
    from collector.lookup import Lookup
    from collector.numa import Node
    from collector.pci import Device

KIB = 1024
MIB = 1024 * 1024
PERCENT_PER_CPU = 100


class Wild(Record):
    """A container that OpenNebula does not know: what it would need to be imported with."""

    name: str
    cpus: float | None
    memory_bytes: float | None


class System(Record):
    """All that the message is made of.

    `agent` is ok, stale or down; `errors` how far off MONITOR_HOST's forecasts are, by attribute.
    """

    identity: Identity
    host: Lookup | None
    nodes: Sequence[Node]
    devices: Sequence[Device]
    location: Capacity | None
    datastores: Sequence[tuple[int, Capacity]]
    wilds: Sequence[Wild]
    opennebula_version: str
    nebulxc_version: str
    agent: str
    errors: Mapping[str, float]


def render(system: System) -> str:
    """The message; what is unknown is left out."""
    lines = [attribute("HYPERVISOR", "lxc"), *_identity(system.identity), *_capacity(system.host)]
    if system.opennebula_version:
        lines.append(attribute("VERSION", system.opennebula_version))
    lines.append(attribute("NEBULXC_VERSION", system.nebulxc_version))
    lines.append(attribute("NEBULXC_AGENT", system.agent))
    for node in system.nodes:
        lines += _node(node)
    lines += map(_device, system.devices)
    lines += _storage(system)
    lines += (
        vector("NEBULXC_FORECAST", (("NAME", name), ("ERROR", f"{error:.2f}")))
        for name, error in system.errors.items()
    )
    lines += map(_wild, system.wilds)
    return "".join(lines)


def _identity(identity: Identity) -> list[str]:
    lines = [
        attribute("HOSTNAME", identity.hostname),
        attribute("ARCH", identity.architecture),
        attribute("CGROUPS_VERSION", identity.cgroups),
    ]
    if identity.model is not None:
        lines.append(attribute("MODELNAME", identity.model))
    if identity.max_mhz is not None:
        lines.append(attribute("CPUSPEED", identity.max_mhz))
    return lines


def _capacity(host: Lookup | None) -> list[str]:
    if host is None:
        return []
    lines = []
    cpus = host.value("lxc_host_cpus")
    if cpus is not None:
        lines.append(attribute("TOTALCPU", round(cpus * PERCENT_PER_CPU)))
    memory = host.value("lxc_host_memory_total_bytes")
    if memory is not None:
        lines.append(attribute("TOTALMEMORY", round(memory / KIB)))
    return lines


def _node(node: Node) -> list[str]:
    number = ("NODE_ID", node.node_id)
    pages = (
        vector("HUGEPAGE", (number, ("SIZE", p.size_kib), ("PAGES", p.pages)))
        for p in node.hugepages
    )
    cores = (
        vector("CORE", (number, ("ID", core.core_id), ("CPUS", ",".join(map(str, core.cpus)))))
        for core in node.cores
    )
    nearest = " ".join(map(str, node.nearest))
    memory = vector("MEMORY_NODE", (number, ("TOTAL", node.total_kib), ("DISTANCE", nearest)))
    return [*pages, *cores, memory]


def _device(device: Device) -> str:
    """As OpenNebula's own probe writes it: with colons in ADDRESS, and "-" for no node."""
    domain, bus, rest = device.address.split(":")
    slot, _, function = rest.partition(".")
    return vector(
        "PCI",
        (
            ("TYPE", f"{device.vendor}:{device.device}:{device.class_id}"),
            ("VENDOR", device.vendor),
            ("VENDOR_NAME", device.vendor_name),
            ("DEVICE", device.device),
            ("CLASS", device.class_id),
            ("CLASS_NAME", device.class_name),
            ("ADDRESS", device.address.replace(".", ":")),
            ("SHORT_ADDRESS", device.address.removeprefix("0000:")),
            ("DOMAIN", domain),
            ("BUS", bus),
            ("SLOT", slot),
            ("FUNCTION", function),
            ("NUMA_NODE", "-" if device.numa_node is None else device.numa_node),
            ("DEVICE_NAME", device.device_name),
        ),
    )


def _storage(system: System) -> list[str]:
    lines = []
    if system.location is not None:
        lines += [attribute(f"DS_LOCATION_{name}", mib) for name, mib in _mib(system.location)]
    for number, capacity in system.datastores:
        lines.append(vector("DS", (("ID", number), *_mib(capacity))))
    return lines


def _mib(capacity: Capacity) -> tuple[tuple[str, int], ...]:
    return (
        ("USED_MB", capacity.used // MIB),
        ("TOTAL_MB", capacity.total // MIB),
        ("FREE_MB", capacity.free // MIB),
    )


def _wild(wild: Wild) -> str:
    """One line of TOTAL_WILDS, with the template that an import would start from."""
    template = attribute("NAME", wild.name)
    if wild.cpus is not None:
        template += attribute("CPU", f"{wild.cpus:.2f}")
    if wild.memory_bytes is not None:
        template += attribute("MEMORY", round(wild.memory_bytes / MIB))
    named = (("ID", -1), ("DEPLOY_ID", wild.name), ("VM_NAME", wild.name))
    return vector("VM", (*named, ("IMPORT_TEMPLATE", base64(template))))
