"""Which containers run, found in trees of cgroups and processes that the test makes."""

import os
from pathlib import Path

import pytest
from support import captures

from collector.cgroupfs import Hierarchies
from collector.inventory import RESCAN_S, Inventory


class Machine:
    """A root with one cgroup hierarchy; processes and cgroups are made as the kernel shows them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tree = root / "cgroup"
        self.tree.mkdir()
        (root / "proc").mkdir()
        self.lxc_path = root / "lxc"
        self.lxc_path.mkdir()

    def process(self, pid: int, ppid: int, inside: int = 0, title: str = "") -> None:
        """A process; `inside` is its number in a namespace of its own."""
        proc = self.root / f"proc/{pid}"
        proc.mkdir()
        pids = f"{pid}\t{inside}" if inside else str(pid)
        (proc / "status").write_text(f"Name:\tx\nPPid:\t{ppid}\nNSpid:\t{pids}\n")
        (proc / "stat").write_text(f"{pid} (x) S {ppid} " + "0 " * 17 + f"{pid * 10} 0\n")
        (proc / "cmdline").write_text(title + "\0")

    def container(self, directory: str, name: str, pid: int) -> Path:
        """A running container: its monitor, its init and its cgroup."""
        monitor = f"[lxc monitor] {self.lxc_path} {name}"
        self.process(pid, 1, title=monitor)
        self.process(pid + 1, pid, inside=1, title="init")
        return self.cgroup(directory, pid + 1)

    def cgroup(self, directory: str, *pids: int) -> Path:
        """A cgroup with these processes."""
        path = self.tree / directory
        path.mkdir(parents=True)
        (path / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))
        return path

    def define(self, name: str) -> None:
        """A configuration."""
        (self.lxc_path / name).mkdir()
        (self.lxc_path / name / "config").touch()

    def end(self, path: Path) -> None:
        """The kernel removes a cgroup."""
        (path / "cgroup.procs").unlink()
        path.rmdir()

    def inventory(self) -> Inventory:
        """One that looks at this machine."""
        return Inventory(self.root, self.tree, (self.lxc_path,))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def names(inventory: Inventory) -> list[str]:
    return sorted(found.name.text for found in inventory.running.values())


def test_a_container_that_starts_and_ends_is_told_by_the_tree(machine: Machine) -> None:
    inventory = machine.inventory()
    inventory.refresh(0)
    assert names(inventory) == []
    path = machine.container("lxc.payload.web", "web", 100)
    inventory.refresh(1)
    (found,) = inventory.running.values()
    assert (found.name.text, found.init_pid, found.start_ticks) == ("web", 101, 1010)
    assert found.inode == path.stat().st_ino
    machine.end(path)
    inventory.refresh(2)
    assert names(inventory) == []
    inventory.close()


def test_nothing_new_is_the_same_object(machine: Machine) -> None:
    machine.container("lxc.payload.web", "web", 100)
    inventory = machine.inventory()
    inventory.refresh(0)
    before = inventory.running
    inventory.refresh(1)
    inventory.refresh(RESCAN_S + 1)
    assert inventory.running is before
    inventory.close()


def test_where_lxc_puts_containers(machine: Machine) -> None:
    for at, directory in enumerate(
        (
            "lxc.payload.top",
            "lxc/old",
            "user.slice/user-1000.slice/lxc.payload.user",
            "sysdefault/lxc/pve",
        )
    ):
        machine.container(
            directory, directory.rpartition("/")[2].removeprefix("lxc.payload."), 100 + 10 * at
        )
    machine.cgroup("docker/abc", 1)
    machine.cgroup("lxc.monitor.top", 100)
    inventory = machine.inventory()
    inventory.refresh(0)
    assert names(inventory) == ["old", "pve", "top", "user"]
    inventory.close()


def test_containers_of_containers_are_none_of_ours(machine: Machine) -> None:
    machine.container("lxc.payload.outer", "outer", 100)
    nested = machine.cgroup("lxc.payload.outer/lxc.payload.inner", 200)
    machine.process(200, 150)
    (machine.root / "proc/200/status").write_text("Name:\tx\nPPid:\t150\nNSpid:\t200\t20\t1\n")
    inventory = machine.inventory()
    inventory.refresh(0)
    assert nested.exists()
    assert names(inventory) == ["outer"]
    inventory.close()


def test_after_a_monitors_crash_the_name_is_still_the_name(machine: Machine) -> None:
    machine.cgroup("lxc.payload.web")
    machine.container("lxc.payload.web-1", "web", 100)
    machine.define("web")
    inventory = machine.inventory()
    inventory.refresh(0)
    assert names(inventory) == ["web"]
    assert inventory.stopped == frozenset()
    inventory.close()


def test_systemd_moves_itself_below(machine: Machine) -> None:
    machine.container("lxc.payload.web", "web", 100)
    (machine.tree / "lxc.payload.web/cgroup.procs").write_text("")
    machine.cgroup("lxc.payload.web/init.scope", 101)
    inventory = machine.inventory()
    inventory.refresh(0)
    assert [found.init_pid for found in inventory.running.values()] == [101]
    inventory.close()


def test_a_known_init_is_not_looked_for_again(machine: Machine) -> None:
    """Its cgroup has a name of its own: only the monitor's child tells where it is."""
    machine.container("mine", "web", 100)
    machine.process(1, 0)
    for pid, child in ((1, 100), (100, 101)):
        (machine.root / f"proc/{pid}/task/{pid}").mkdir(parents=True)
        (machine.root / f"proc/{pid}/task/{pid}/children").write_text(f"{child} ")
    where = machine.root / "proc/101/cgroup"
    where.write_text("4:freezer:/mine\n")
    inventory = machine.inventory()
    inventory.refresh(0)
    assert names(inventory) == ["web"]
    where.unlink()
    inventory.refresh(RESCAN_S)
    assert names(inventory) == ["web"]
    inventory.close()


def test_processes_that_were_attached_are_no_init(machine: Machine) -> None:
    machine.container("lxc.payload.web", "web", 100)
    machine.process(90, 50, inside=33)
    (machine.tree / "lxc.payload.web/cgroup.procs").write_text("90\n101\n0\n")
    inventory = machine.inventory()
    inventory.refresh(0)
    assert [found.init_pid for found in inventory.running.values()] == [101]
    inventory.close()


def test_a_shared_process_namespace_leaves_the_monitors_child(machine: Machine) -> None:
    machine.container("lxc.payload.web", "web", 100)
    (machine.root / "proc/101/status").write_text("Name:\tx\nPPid:\t100\nNSpid:\t101\t57\n")
    inventory = machine.inventory()
    inventory.refresh(0)
    assert [found.init_pid for found in inventory.running.values()] == [101]
    inventory.close()


def test_an_init_that_comes_a_little_later_is_found_without_another_event(machine: Machine) -> None:
    path = machine.cgroup("lxc.payload.web")
    inventory = machine.inventory()
    inventory.refresh(0)
    machine.process(100, 1, title=f"[lxc monitor] {machine.lxc_path} web")
    machine.process(101, 100, inside=1)
    (path / "cgroup.procs").write_text("101\n")
    inventory.refresh(1)
    assert names(inventory) == ["web"]
    inventory.close()


def test_a_dead_init_is_none(machine: Machine) -> None:
    machine.container("lxc.payload.web", "web", 100)
    stat = machine.root / "proc/101/stat"
    stat.write_text(stat.read_text().replace(" S ", " Z "))
    inventory = machine.inventory()
    inventory.refresh(0)
    assert names(inventory) == []
    inventory.close()


def test_what_vanishes_while_it_is_looked_at_is_passed_over(machine: Machine) -> None:
    machine.cgroup("lxc.payload.gone", 999)
    machine.container("lxc.payload.web", "web", 100)
    inventory = machine.inventory()
    inventory.refresh(0)
    assert names(inventory) == ["web"]
    inventory.close()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("cgroup/lxc.payload.bad/cgroup.procs", "201\n\x00garbage 7x\n"),
        ("proc/201/stat", "201 (x"),
        ("proc/201/status", "Name:\tx\nPPid:\t\nNSpid:\tx\n"),
    ],
)
def test_garbage_in_one_container_leaves_the_others(
    machine: Machine, path: str, content: str
) -> None:
    machine.container("lxc.payload.bad", "bad", 200)
    (machine.root / path).write_text(content)
    machine.container("lxc.payload.web", "web", 100)
    failed: list[Exception] = []
    inventory = Inventory(machine.root, machine.tree, (machine.lxc_path,), failed.append)
    inventory.refresh(0)
    assert set(names(inventory)) - {"bad"} == {"web"}
    (error,) = failed
    assert str(machine.root / path).removesuffix("/stat").removesuffix("/status") in str(error)
    inventory.close()


def test_known_containers_are_stopped_until_their_configuration_goes(machine: Machine) -> None:
    machine.define("idle")
    machine.define("a b\n'c\"")
    path = machine.container("lxc.payload.web", "web", 100)
    machine.define("web")
    inventory = machine.inventory()
    inventory.refresh(0)
    assert inventory.stopped == {"idle", "a b\n'c\""}
    machine.end(path)
    inventory.refresh(1)
    assert inventory.stopped == {"idle", "a b\n'c\"", "web"}
    (machine.lxc_path / "idle/config").unlink()
    inventory.refresh(RESCAN_S + 1)
    assert inventory.stopped == {"a b\n'c\"", "web"}
    inventory.close()


def test_a_container_with_a_path_of_its_own_is_known_once_seen(
    machine: Machine, tmp_path: Path
) -> None:
    path = machine.container("lxc.payload.web", "web", 100)
    machine.define("web")
    inventory = Inventory(machine.root, machine.tree, (tmp_path / "other",))
    inventory.refresh(0)
    machine.end(path)
    inventory.refresh(1)
    assert inventory.stopped == {"web"}
    (machine.lxc_path / "web/config").unlink()
    inventory.refresh(RESCAN_S + 2)
    assert inventory.stopped == frozenset()
    inventory.close()


def test_a_lost_container_is_looked_for_at_once(machine: Machine) -> None:
    machine.container("lxc.payload.web", "web", 100)
    inventory = machine.inventory()
    inventory.refresh(0)
    (found,) = inventory.running.values()
    machine.process(201, 100, inside=1)
    (machine.tree / "lxc.payload.web/cgroup.procs").write_text("201\n")
    inventory.lost(found)
    inventory.refresh(1)
    assert [again.init_pid for again in inventory.running.values()] == [201]
    inventory.close()


def test_real_v2_host_and_real_hybrid_host() -> None:
    for root, expected in (
        (captures.V2, ["b1", "c7", "c8", "c9"]),
        (captures.HYBRID, ["nxhd1", "nxhd2"]),
    ):
        tree = Hierarchies.mounted(root).primary
        assert tree is not None
        inventory = Inventory(root, tree, (root / "nowhere",))
        inventory.refresh(0)
        assert names(inventory) == expected
        inventory.close()


def test_everything_is_given_back(machine: Machine) -> None:
    before = len(os.listdir("/proc/self/fd"))
    inventory = machine.inventory()
    inventory.refresh(0)
    inventory.close()
    assert len(os.listdir("/proc/self/fd")) == before
