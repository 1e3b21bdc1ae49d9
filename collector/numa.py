"""The host's NUMA nodes: memory, huge pages, cores (sysfs-devices-node, cputopology)."""

from __future__ import annotations

from collector.plain import number, numbered, text
from collector.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


class HugePages(Record):
    """Pages of one size (KiB): how many there are and how many of them are free."""

    size_kib: int
    pages: int
    free: int


class Core(Record):
    """A physical core by its id within the node's first package that has it, and its CPUs."""

    core_id: int
    cpus: tuple[int, ...]


class Node(Record):
    """A node: memory in KiB, the other nodes nearest first (itself included), pages and cores."""

    node_id: int
    total_kib: int
    free_kib: int
    nearest: tuple[int, ...]
    hugepages: tuple[HugePages, ...]
    cores: tuple[Core, ...]


def nodes(root: Path | str) -> tuple[Node, ...]:
    """Every node with memory that the kernel tells of; none on a kernel without NUMA."""
    found = numbered(f"{root}/sys/devices/system/node", "node")
    ids = tuple(number for number, _ in found)
    read = (_node(str(root), number, path, ids) for number, path in found)
    return tuple(node for node in read if node is not None)


def _node(root: str, node_id: int, path: str, ids: tuple[int, ...]) -> Node | None:
    amounts = _amounts(text(f"{path}/meminfo") or "")
    if "MemTotal:" not in amounts or "MemFree:" not in amounts:  # a node of CPUs alone has neither
        return None
    return Node(
        node_id,
        amounts["MemTotal:"],
        amounts["MemFree:"],
        _nearest(text(f"{path}/distance") or "", ids),
        _hugepages(f"{path}/hugepages"),
        _cores(root, cpu_list(text(f"{path}/cpulist") or "")),
    )


def _amounts(meminfo: str) -> dict[str, int]:
    """`Node 0 MemFree:  1234 kB` → KiB by name."""
    words = (line.split() for line in meminfo.splitlines())
    return {name: int(kib) for _, _, name, kib, *unit in words if unit == ["kB"]}


def _nearest(distances: str, ids: tuple[int, ...]) -> tuple[int, ...]:
    pairs = zip(map(int, distances.split()), ids, strict=False)
    return tuple(node for _, node in sorted(pairs))


def _hugepages(directory: str) -> tuple[HugePages, ...]:
    found = []
    for size, path in numbered(directory, "hugepages-", "kB"):
        pages, free = number(f"{path}/nr_hugepages"), number(f"{path}/free_hugepages")
        if pages is not None and free is not None:
            found.append(HugePages(size, pages, free))
    return tuple(found)


def _cores(root: str, cpus: tuple[int, ...]) -> tuple[Core, ...]:
    """The cores of `cpus`, by package and core id; an offline CPU tells no core."""
    members: dict[tuple[int, int], list[int]] = {}
    for cpu in cpus:
        topology = f"{root}/sys/devices/system/cpu/cpu{cpu}/topology"
        core, package = text(f"{topology}/core_id"), text(f"{topology}/physical_package_id")
        if core is not None and package is not None:  # -1 where the machine has no packages
            members.setdefault((int(package), int(core)), []).append(cpu)
    return tuple(Core(core, tuple(found)) for (_, core), found in sorted(members.items()))


def cpu_list(said: str) -> tuple[int, ...]:
    """The kernel's list of CPUs, "0-2,5" → (0, 1, 2, 5)."""
    cpus: list[int] = []
    for part in filter(None, said.split(",")):
        first, _, last = part.partition("-")
        cpus += range(int(first), int(last or first) + 1)
    return tuple(cpus)
