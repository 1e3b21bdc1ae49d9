"""The host's own figures beside those of psutil, an independent reader of the same kernel."""

from collections.abc import Iterator

import psutil
import pytest
from support.collecting import collecting

from collector.model import Cycle, samples

pytestmark = pytest.mark.host

MIB = 1 << 20


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], float]]:
    """Host metrics by (name, value of their only label or "")."""
    with collecting(tmp_path_factory.mktemp("none")) as collector:
        cycle: Cycle = collector.read()
    host = next(row for row in cycle.rows if row.entity.kind == "host")
    own = {name for name, _ in host.entity.labels}
    yield {
        (sample.metric, "".join(value for name, value in sample.labels if name not in own)): (
            sample.value
        )
        for sample in samples(cycle)
    }


def test_cpu(found: dict[tuple[str, str], float]) -> None:
    times = psutil.cpu_times()
    for mode in ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"):
        assert found["lxc_host_cpu_seconds_total", mode] == pytest.approx(
            getattr(times, mode), rel=0.01, abs=5
        )
    assert found["lxc_host_cpus", ""] == psutil.cpu_count()


def test_memory(found: dict[tuple[str, str], float]) -> None:
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    assert found["lxc_host_memory_total_bytes", ""] == memory.total
    available = found["lxc_host_memory_available_bytes", ""]
    assert available == pytest.approx(memory.available, abs=512 * MIB)
    assert found["lxc_host_swap_total_bytes", ""] == swap.total


def test_nics(found: dict[tuple[str, str], float]) -> None:
    theirs = psutil.net_io_counters(pernic=True)
    ours = [name for metric, name in found if metric == "lxc_host_network_receive_bytes_total"]
    assert ours, "this host has a NIC"
    for name in ours:
        received = found["lxc_host_network_receive_bytes_total", name]
        assert received == pytest.approx(theirs[name].bytes_recv, rel=0.05, abs=MIB)


def test_disks(found: dict[tuple[str, str], float]) -> None:
    theirs = psutil.disk_io_counters(perdisk=True)
    assert theirs is not None
    ours = [name for metric, name in found if metric == "lxc_host_disk_written_bytes_total"]
    assert ours, "this host has a disk"
    for name in ours:
        written = found["lxc_host_disk_written_bytes_total", name]
        assert written == pytest.approx(theirs[name].write_bytes, rel=0.05, abs=64 * MIB)
