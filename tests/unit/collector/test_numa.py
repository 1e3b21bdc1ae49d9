"""On a hand-made /sys of two nodes with two threads a core, and on one without NUMA."""

from pathlib import Path

import pytest

from collector.numa import Core, HugePages, cpu_list, nodes


def put(root: Path, name: str, text: str) -> None:
    path = root / "sys/devices/system" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def two_nodes(tmp_path: Path) -> Path:
    for node, cpus, distance in ((0, "0-1,4-5", "10 21\n"), (1, "2-3,6-7", "21 10\n")):
        base = f"node/node{node}"
        put(tmp_path, f"{base}/cpulist", cpus + "\n")
        put(tmp_path, f"{base}/distance", distance)
        amounts = f"Node {node} MemTotal:  1000 kB\nNode {node} MemFree:   {node + 7} kB\n"
        put(tmp_path, f"{base}/meminfo", amounts)
        for name, value in (("nr", 4), ("free", node)):
            put(tmp_path, f"{base}/hugepages/hugepages-2048kB/{name}_hugepages", f"{value}\n")
    for cpu in range(7):
        put(tmp_path, f"cpu/cpu{cpu}/topology/core_id", f"{cpu % 4 % 2}\n")
        put(tmp_path, f"cpu/cpu{cpu}/topology/physical_package_id", f"{cpu % 4 // 2}\n")
    return tmp_path


def test_two_nodes(two_nodes: Path) -> None:
    first, second = nodes(two_nodes)
    assert (first.node_id, first.total_kib, first.free_kib) == (0, 1000, 7)
    assert (first.nearest, second.nearest) == ((0, 1), (1, 0))
    assert second.hugepages == (HugePages(2048, 4, 1),)
    assert first.cores == (Core(0, (0, 4)), Core(1, (1, 5)))
    assert second.cores == (Core(0, (2, 6)), Core(1, (3,))), "CPU 7 is offline: it has no topology"


def test_a_node_without_memory_is_left_out(two_nodes: Path) -> None:
    put(two_nodes, "node/node1/meminfo", "")
    assert [node.node_id for node in nodes(two_nodes)] == [0]


def test_without_numa(tmp_path: Path) -> None:
    assert nodes(tmp_path) == ()


def test_cpu_lists() -> None:
    assert cpu_list("0-2,5") == (0, 1, 2, 5)
    assert cpu_list("") == ()
