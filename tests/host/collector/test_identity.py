"""A container's lives: none is added to another, none leaves anything behind."""

import contextlib
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from support.busybox import CGROUPS, VETH, Busybox, Container, obeys, until
from support.children import child
from support.collecting import collecting, values

from collector.cycle import Collector
from collector.model import Row

pytestmark = pytest.mark.host

Start = Callable[..., Container]
CPU = "lxc_cpu_usage_seconds_total"


def rows(collector: Collector, name: str) -> list[Row]:
    return [row for row in collector.read().rows if row.entity.name == name]


def state(collector: Collector, name: str) -> str:
    """The one state that is told."""
    found = values(collector.read(), "lxc_state", name)
    (told,) = [labels[0][1] for labels, value in found.items() if value == 1]
    return told


def burn(container: Container) -> None:
    """Use CPU time in the container."""
    container.attach("sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done")


def test_a_start_is_seen_in_the_next_cycle_and_an_end_too(
    collector: Collector, busybox: Busybox, lxc_container: Start
) -> None:
    container = lxc_container("starts")
    assert state(collector, container.name) == "running"
    container.stop()
    assert state(collector, container.name) == "stopped"
    (row,) = rows(collector, container.name)
    assert {column.metric for column in row.columns} == {"lxc_state"}


def test_a_restart_is_another_generation_that_starts_from_zero(
    collector: Collector, lxc_container: Start
) -> None:
    container = lxc_container("again")
    burn(container)
    (before,) = rows(collector, container.name)
    used = values(collector.read(), CPU, container.name)[()]
    container.stop()
    container.start()
    (after,) = rows(collector, container.name)
    assert after.generation != before.generation
    assert values(collector.read(), CPU, container.name)[()] < used / 2


def test_a_restart_between_two_cycles_gives_one_row_of_the_new_life(
    collector: Collector, lxc_container: Start
) -> None:
    """No event is needed: the old descriptors say that their cgroup is gone."""
    container = lxc_container("quick")
    (before,) = rows(collector, container.name)
    collector._inventory._watch.close()
    container.stop()
    container.start()
    (after,) = rows(collector, container.name)
    assert after.generation != before.generation
    assert collector.stats.errors == {}


def test_reboot_from_inside(collector: Collector, lxc_container: Start) -> None:
    container = lxc_container("reboots")
    (before,) = rows(collector, container.name)
    first = container.pid
    until(lambda: obeys(first), "init to heed signals")
    container.attach("reboot")
    until(lambda: not Path(f"/proc/{first}").exists(), "the old init to end")
    until(lambda: state(collector, container.name) == "running", "the new init")
    (after,) = rows(collector, container.name)
    assert after.generation != before.generation
    found = values(collector.read(), CPU, container.name)
    assert 0 <= found[()] < 60


def test_a_killed_monitor_takes_the_container_along_and_its_name_comes_back(
    collector: Collector, lxc_container: Start
) -> None:
    container = lxc_container("crashes")
    (before,) = rows(collector, container.name)
    first = container.pid
    os.kill(container.monitor(), signal.SIGKILL)
    until(lambda: not Path(f"/proc/{first}").exists(), "init to end with its monitor")
    assert container.cgroup("freezer").exists(), "the stale cgroup is what this test is about"
    assert state(collector, container.name) == "stopped"
    container.start()
    assert Path(f"/proc/{container.pid}/cgroup").read_text().count(f"{container.name}-1") > 0
    (after,) = rows(collector, container.name)
    assert after.generation != before.generation
    assert state(collector, container.name) == "running"


def test_a_name_that_ends_in_a_number_is_that_name(
    collector: Collector, lxc_container: Start
) -> None:
    one, two = lxc_container("web"), lxc_container("web-1")
    names = {row.entity.name for row in collector.read().rows}
    assert {one.name, two.name} <= names


def test_two_paths_may_each_run_one_name(busybox: Busybox, lxc_container: Start) -> None:
    first = lxc_container("twin")
    with Busybox("nxtwin") as other:
        second = other.start(first.name, exact=True)
        with collecting(busybox.lxc_path) as collector:
            running = [row for row in collector.read().rows if len(row.columns) > 3]
            names = {row.entity.name for row in running}
        assert {first.name, f"{first.name}@{second.lxc_path}"} <= names


def test_freezing_is_told_and_leaves_the_counters(
    collector: Collector, lxc_container: Start
) -> None:
    container = lxc_container("freezes")
    container.freeze()
    assert state(collector, container.name) == "frozen"
    assert values(collector.read(), CPU, container.name)
    container.unfreeze()
    assert state(collector, container.name) == "running"


@pytest.mark.parametrize(
    "name",
    ["with space", "quo\"te'd", "naïve ☃", "dot.ted", "-dash", "a" * 200, "web;rm $(x)"],
)
def test_odd_names(collector: Collector, busybox: Busybox, lxc_container: Start, name: str) -> None:
    exact = f"{busybox.prefix}{name}"
    container = lxc_container(exact, exact=True)
    (row,) = rows(collector, exact)
    assert dict(row.entity.labels)["container"] == exact
    assert state(collector, exact) == "running"
    container.stop()
    assert state(collector, exact) == "stopped"


def test_the_vm_of_a_container(collector: Collector, lxc_container: Start) -> None:
    number = os.getpid() + 5_000_000
    for name, vmid in ((f"one-{number}", str(number)), (f"my-one-{number}", None)):
        lxc_container(name, exact=True)
        (row,) = rows(collector, name)
        assert dict(row.entity.labels).get("vmid") == vmid


def test_systemd_like_init_that_moved_down_is_still_found(
    busybox: Busybox, lxc_container: Start
) -> None:
    container = lxc_container("moved")
    for hierarchy in ("freezer", "unified", "systemd"):
        scope = container.cgroup(hierarchy) / "init.scope"
        scope.mkdir()
        (scope / "cgroup.procs").write_text(str(container.pid))
    with collecting(busybox.lxc_path) as collector:
        (row,) = rows(collector, container.name)
        assert state(collector, container.name) == "running"
        assert values(collector.read(), "lxc_pressure_cpu_waiting_seconds_total", container.name)
    assert row.generation


def test_a_cgroup_under_a_name_of_its_own(busybox: Busybox, lxc_container: Start) -> None:
    own = f"{busybox.prefix}-cgroups"
    container = lxc_container(
        "custom",
        f"lxc.cgroup.dir.container = {own}/inside",
        f"lxc.cgroup.dir.monitor = {own}/monitor",
        f"lxc.cgroup.dir.monitor.pivot = {own}/pivot",
    )
    with collecting(busybox.lxc_path) as collector:
        (row,) = rows(collector, container.name)
        assert values(collector.read(), "lxc_memory_usage_bytes", container.name)[()] > 0
        container.stop()
        assert state(collector, container.name) == "stopped"
    assert row.generation
    for top in CGROUPS.glob(f"*/{own}"):
        for directory, _, _ in os.walk(top, topdown=False):
            until(partial(_removed, Path(directory)), f"{directory} to be empty")


def test_one_that_is_met_while_lxc_moves_its_init_is_told_whole(
    collector: Collector, busybox: Busybox
) -> None:
    """v1: from hierarchy to hierarchy, the freezer's before those of memory and CPU time."""
    name = busybox.name("moves")
    directories = [CGROUPS / tree / f"lxc.payload.{name}" for tree in ("freezer", "memory", "cpu")]
    with child(["unshare", "--pid", "--fork", "--kill-child", "sleep", "1000"]) as parent:
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        until(children.read_text, "init")
        init = children.read_text().strip()
        for directory in directories:
            directory.mkdir()
        try:
            for directory in directories:
                (directory / "cgroup.procs").write_text(init)
                collector.read()
            (row,) = rows(collector, name)
            told = {column.metric for column in row.columns}
            assert {"lxc_memory_usage_bytes", "lxc_cpu_limit_cores"} <= told
        finally:
            parent.kill()
            for directory in directories:
                until(partial(_removed, directory), f"{directory} to be empty")


def test_cgroups_nested_20_deep_are_part_of_the_container(
    collector: Collector, lxc_container: Start
) -> None:
    container = lxc_container("nests")
    deep = container.cgroup("memory").joinpath(*(f"d{n}" for n in range(20)))
    deep.mkdir(parents=True)
    with container.attached("tail", "-f", "/dev/null"):
        until(partial(_tail_is_in, deep, container), "tail, in the lowest cgroup")

        def same() -> bool:
            """Not at once: tail has just begun, and the kernel sums up such figures later."""
            told = values(collector.read(), "lxc_memory_rss_bytes", container.name)[()]
            own = (container.cgroup("memory") / "memory.stat").read_text().split()
            return told == float(own[own.index("total_rss") + 1]) > 0

        until(same, "the kernel's own figure")
        assert [r.entity.name for r in collector.read().rows].count(container.name) == 1


def test_nothing_is_leaked_over_many_lives(busybox: Busybox, lxc_container: Start) -> None:
    pair = f"nxliv{os.getpid()}"
    container = lxc_container("lives", *VETH, f"lxc.net.0.veth.pair = {pair}")
    with collecting(busybox.lxc_path) as collector:
        collector.read()
        inits = {container.pid}
        before = _held(container, inits)
        assert before > 10
        for _ in range(5):
            container.stop()
            collector.read()
            assert _held(container, inits) == 0
            inits.add(container.start().pid)
            collector.read()
        assert _held(container, inits) == before
        container.stop()
        until(lambda: not Path("/sys/class/net", pair).exists(), "the last life's veth to go")


def test_no_namespace_is_pinned(collector: Collector, lxc_container: Start) -> None:
    """While the collector lives on, a dead container's veth goes: nothing holds its namespace."""
    pair = Path("/sys/class/net", f"nxpin{os.getpid()}")
    container = lxc_container("pins", *VETH, f"lxc.net.0.veth.pair = {pair.name}")
    assert values(collector.read(), "lxc_network_receive_bytes_total", container.name)
    assert pair.exists()
    os.kill(container.pid, signal.SIGKILL)
    until(lambda: not pair.exists(), "the veth to go")
    until(lambda: state(collector, container.name) == "stopped", "the end to be seen")


def test_the_hosts_network_is_not_the_containers(
    collector: Collector, lxc_container: Start
) -> None:
    container = lxc_container("shares", "lxc.net.0.type = none")
    cycle = collector.read()
    assert values(cycle, "lxc_pids", container.name)
    assert not values(cycle, "lxc_network_receive_bytes_total", container.name)
    container.stop()
    assert state(collector, container.name) == "stopped"


def _tail_is_in(deep: Path, container: Container) -> bool:
    """Move what is not init there; whether that is tail, and not what becomes it."""
    for pid in (container.cgroup("memory") / "cgroup.procs").read_text().split():
        if pid != str(container.pid):
            with contextlib.suppress(ProcessLookupError):  # ended meanwhile
                (deep / "cgroup.procs").write_text(pid)
    with contextlib.suppress(OSError):
        pids = (deep / "cgroup.procs").read_text().split()
        return any(Path(f"/proc/{pid}/cmdline").read_bytes()[:5] == b"tail\0" for pid in pids)
    return False


def _removed(directory: Path) -> bool:
    with contextlib.suppress(OSError):
        directory.rmdir()
    return not directory.exists()


def _held(container: Container, inits: set[int]) -> int:
    """Descriptors of ours that are on its cgroups or on one of its inits."""
    processes = {f"/proc/{pid}" for pid in inits}
    held = 0
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            link = os.readlink(f"/proc/self/fd/{fd}")
            held += container.name in link or link.removesuffix(" (deleted)") in processes
    return held
