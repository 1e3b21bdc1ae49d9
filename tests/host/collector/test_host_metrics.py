"""The host's own figures beside those of psutil, an independent reader of the same kernel."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psutil
import pytest
from support.collecting import collecting

from collector.model import Cycle, samples

pytestmark = pytest.mark.host

MIB = 1 << 20


@dataclass
class Theirs:
    """What psutil tells at one moment."""

    cpu: Any = field(default_factory=psutil.cpu_times)
    memory: Any = field(default_factory=psutil.virtual_memory)
    swap: Any = field(default_factory=psutil.swap_memory)
    nics: Any = field(default_factory=lambda: psutil.net_io_counters(pernic=True))
    disks: Any = field(default_factory=lambda: psutil.disk_io_counters(perdisk=True))


@dataclass
class Found:
    """Host metrics by (name, value of their only label or ""), and psutil's before and after."""

    ours: dict[tuple[str, str], float]
    before: Theirs
    after: Theirs

    def named(self, metric: str) -> list[str]:
        """The values of the metric's label."""
        return [name for told, name in self.ours if told == metric]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    """A machine under load moves on between two readings: ours is between two of theirs."""
    with collecting(tmp_path_factory.mktemp("none")) as collector:
        before = Theirs()
        cycle: Cycle = collector.read()
        after = Theirs()
    host = next(row for row in cycle.rows if row.entity.kind == "host")
    own = {name for name, _ in host.entity.labels}
    yield Found(
        {
            (s.metric, "".join(value for name, value in s.labels if name not in own)): s.value
            for s in samples(cycle)
        },
        before,
        after,
    )


def test_cpu(found: Found) -> None:
    for mode in ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"):
        told = found.ours["lxc_host_cpu_seconds_total", mode]
        # The kernel may take back some of idle and iowait.
        assert getattr(found.before.cpu, mode) - 1 <= told <= getattr(found.after.cpu, mode) + 1
    assert found.ours["lxc_host_cpus", ""] == psutil.cpu_count()


def test_memory(found: Found) -> None:
    assert found.ours["lxc_host_memory_total_bytes", ""] == found.after.memory.total
    ends = found.before.memory.available, found.after.memory.available
    available = found.ours["lxc_host_memory_available_bytes", ""]
    assert min(ends) - 512 * MIB <= available <= max(ends) + 512 * MIB
    assert found.ours["lxc_host_swap_total_bytes", ""] == found.after.swap.total


def test_nics(found: Found) -> None:
    ours = found.named("lxc_host_network_receive_bytes_total")
    assert ours, "this host has a NIC"
    for name in ours:
        received = found.ours["lxc_host_network_receive_bytes_total", name]
        least, most = (theirs.nics[name].bytes_recv for theirs in (found.before, found.after))
        assert least <= received <= most


def test_disks(found: Found) -> None:
    ours = found.named("lxc_host_disk_written_bytes_total")
    assert ours, "this host has a disk"
    for name in ours:
        written = found.ours["lxc_host_disk_written_bytes_total", name]
        least, most = (theirs.disks[name].write_bytes for theirs in (found.before, found.after))
        assert least <= written <= most
