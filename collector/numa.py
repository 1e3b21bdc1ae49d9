"""The host's NUMA nodes: memory, huge pages, cores (sysfs-devices-node, cputopology)."""

import re
from dataclasses import dataclass
from pathlib import Path

from collector.sysfs import text

_NODE = re.compile(r"node(\d+)")
_PAGES = re.compile(r"hugepages-(\d+)kB")
_AMOUNT = re.compile(r"Node \d+ (MemTotal|MemFree):\s+(\d+) kB")


@dataclass(frozen=True, slots=True)
class HugePages:
    """Pages of one size (KiB): how many there are and how many of them are free."""

    size_kib: int
    pages: int
    free: int


@dataclass(frozen=True, slots=True)
class Core:
    """A physical core by its id within the node's first package that has it, and its CPUs."""

    core_id: int
    cpus: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A node: memory in KiB, the other nodes nearest first (itself included), pages and cores."""

    node_id: int
    total_kib: int
    free_kib: int
    nearest: tuple[int, ...]
    hugepages: tuple[HugePages, ...]
    cores: tuple[Core, ...]


def nodes(root: Path) -> tuple[Node, ...]:
    """Every node with memory that the kernel tells of; none on a kernel without NUMA."""
    directory = root / "sys/devices/system/node"
    found = sorted((number, path) for number, path in _numbered(directory, _NODE))
    ids = tuple(number for number, _ in found)
    read = (_node(root, number, path, ids) for number, path in found)
    return tuple(node for node in read if node is not None)


def _node(root: Path, number: int, path: Path, ids: tuple[int, ...]) -> Node | None:
    amounts = dict(_AMOUNT.findall(text(path / "meminfo") or ""))
    if len(amounts) < 2:  # noqa: PLR2004 - total and free: a node of CPUs alone has neither
        return None
    return Node(
        number,
        int(amounts["MemTotal"]),
        int(amounts["MemFree"]),
        _nearest(text(path / "distance") or "", ids),
        _hugepages(path / "hugepages"),
        _cores(root, cpu_list(text(path / "cpulist") or "")),
    )


def _nearest(distances: str, ids: tuple[int, ...]) -> tuple[int, ...]:
    pairs = zip(map(int, distances.split()), ids, strict=False)
    return tuple(node for _, node in sorted(pairs))


def _hugepages(directory: Path) -> tuple[HugePages, ...]:
    found = []
    for size, path in sorted(_numbered(directory, _PAGES)):
        pages, free = text(path / "nr_hugepages"), text(path / "free_hugepages")
        if pages is not None and free is not None:
            found.append(HugePages(size, int(pages), int(free)))
    return tuple(found)


def _cores(root: Path, cpus: tuple[int, ...]) -> tuple[Core, ...]:
    """The cores of `cpus`, by package and core id; an offline CPU tells no core."""
    members: dict[tuple[int, int], list[int]] = {}
    for cpu in cpus:
        topology = root / f"sys/devices/system/cpu/cpu{cpu}/topology"
        core, package = text(topology / "core_id"), text(topology / "physical_package_id")
        if core is not None and package is not None:
            members.setdefault((int(package), int(core)), []).append(cpu)
    return tuple(Core(core, tuple(found)) for (_, core), found in sorted(members.items()))


def cpu_list(said: str) -> tuple[int, ...]:
    """The kernel's list of CPUs, "0-2,5" → (0, 1, 2, 5)."""
    cpus: list[int] = []
    for part in filter(None, said.split(",")):
        first, _, last = part.partition("-")
        cpus += range(int(first), int(last or first) + 1)
    return tuple(cpus)


def _numbered(directory: Path, pattern: re.Pattern[str]) -> list[tuple[int, Path]]:
    try:
        names = [entry.name for entry in directory.iterdir()]
    except OSError:
        return []
    return [
        (int(found[1]), directory / name) for name in names if (found := pattern.fullmatch(name))
    ]
