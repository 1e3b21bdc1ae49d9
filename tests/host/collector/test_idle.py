"""Containers that do nothing for most of the time: what is not read then is told once it changed.

No round of rarely read files comes to help: what these tests see was read because they ran.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import limits
from support.busybox import Busybox, Container, until
from support.collecting import collecting, settled, values

from collector.cgroupfs import Hierarchies
from collector.cycle import Collector
from collector.formats import Values, pressure

pytestmark = pytest.mark.host

CPU, KILLS = "lxc_cpu_usage_seconds_total", "lxc_memory_oom_kills_total"
TOLD = ("waiting", "stalled")
# More than fits into the memory: it waits for room and for the disk.
LOAD = "dd if=/dev/zero of=/root/f bs=1M count=64 conv=fsync; rm /root/f"


@pytest.fixture
def collector(busybox: Busybox) -> Iterator[Collector]:
    with collecting(busybox.lxc_path, slow_s=3600) as found:
        yield found


def one(collector: Collector, container: Container, metric: str) -> float:
    return values(collector.read(), metric, container.name)[()]


def until_idle(collector: Collector, container: Container) -> None:
    """Until three readings in a row tell the same CPU time."""
    until(lambda: len({one(collector, container, CPU) for _ in range(3)}) == 1, "it to be idle")


def test_each_kill_is_told_in_the_next_reading(
    collector: Collector, lxc_container: Callable[..., Container]
) -> None:
    container = lxc_container("killed", *limits.memory(48))
    settled(collector)
    for kills in range(4):
        until_idle(collector, container)
        assert one(collector, container, KILLS) == kills
        container.attach("dd", "if=/dev/zero", "of=/dev/null", "bs=100M", "count=1", check=False)
        assert one(collector, container, KILLS) == kills + 1


@pytest.mark.parametrize("resource", ["memory", "io"])
def test_what_it_waited_is_told_to_the_last_microsecond(
    collector: Collector, lxc_container: Callable[..., Container], resource: str
) -> None:
    container = lxc_container(f"waits-{resource}", *limits.memory(24))
    tree = Hierarchies.mounted(Path("/")).v2
    assert tree is not None, "needs a mounted cgroup v2 tree"
    file = tree / f"lxc.payload.{container.name}/{resource}.pressure"
    settled(collector)

    def kernel() -> Values:
        return pressure(file.read_bytes())

    def told() -> Values:
        cycle = collector.read()
        metric = f"lxc_pressure_{resource}_{{}}_seconds_total"
        found = (values(cycle, metric.format(kind), container.name) for kind in TOLD)
        return tuple(each[()] for each in found)

    for _ in range(3):
        until_idle(collector, container)
        before = kernel()
        until(lambda b=before: container.attach("sh", "-c", LOAD) or kernel() > b, "it to wait")
        until(lambda: told() == kernel(), "the kernel's own figure")
