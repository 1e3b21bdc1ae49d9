"""What ran when the host went down comes back after its boot, and nothing else does.

The boot is played: whatever a power cut takes (processes, cgroups, devices) is taken, and the
records then speak of another boot. A real one is in tests/guest/outside.
"""

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.busybox import until
from support.installation import Images, Installation, data_disk, nic, run, settled

from control.recovery import recover_steps
from control.recovery.recover_start import Outcome, Patience, Told
from im_probes.recovery import is_recovering
from vmm import attempt, boot
from vmm.boot import ENDED
from vmm.errors import DriverError
from vmm.lxc import monitor
from vmm.policy import AfterBoot
from vmm.spec import Limits, VmSpec
from vmm.state import ATTEMPT, DISKS, MONITOR

pytestmark = [pytest.mark.host, pytest.mark.guest]

OLD = "00000000-0000-4000-8000-000000000000"
SHORT = Patience(wait_s=0.2, pause_s=0.1, starts=2)
LONG = Patience(wait_s=200, pause_s=0.1)


class Node:
    """An installation whose host can lose its power."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.base = installation.policy.state
        self.told: list[Told] = []
        boot.begin(self.base)  # as nebulxc-recover.service does when it is installed

    def after_boot(self, chosen: AfterBoot) -> None:
        object.__setattr__(self.installation.policy, "after_boot", chosen)

    def power_cut(self) -> None:
        """Nothing of this boot is left but files, and these are of another boot."""
        for name in self._names():
            container = self.installation.site.container(name)
            with contextlib.suppress(ProcessLookupError):
                pid, _ = monitor._recorded(container.state)
                if pid:
                    os.kill(pid, signal.SIGKILL)
            container.cgroups.kill(60)
            assert monitor.ended(container.state, 60)
            container.cgroups.remove(60)
        until(self._is_down, "the kernel to take apart what was")
        self._age()

    def _is_down(self) -> bool:
        """NICs and devices go a little after their container. Nothing of a boot outlives it."""
        traces = self.installation.traces()
        return not any(found for kind, found in traces.items() if kind != "files")

    def shut_down(self, *vms: VmSpec) -> None:
        """systemd stops what runs, when the recovery's unit has been stopped."""
        boot.go_down(self.base)
        for vm in vms:
            run("lxc-stop", "-k", "-P", self.installation.policy.lxc, "-n", vm.name)
            assert monitor.ended(self.installation.container(vm).state, 60)
        until(self._is_down, "the kernel to take apart what was")
        self._age()

    def boots(self, patience: Patience = SHORT, root: Path = Path("/nowhere")) -> dict[str, str]:
        """The outcome of each container that the recovery at boot tells of."""
        site = self.installation.site
        self.told = recover_steps.recover(
            site, lambda _: None, at_boot=True, patience=patience, root=root
        )
        return {one.name: one.outcome.value for one in self.told}

    def runs(self, vm: VmSpec) -> bool:
        return self.installation.container(vm).init() is not None

    def _names(self) -> list[str]:
        return [name for name in os.listdir(self.base) if not name.startswith(".")]

    def _age(self) -> None:
        now = attempt.boot_id()
        for name in (boot.LAST, *(f"{n}/{f}" for n in self._names() for f in RECORDS)):
            path = Path(self.base, name)
            if path.exists():
                path.write_text(path.read_text().replace(now, OLD))


RECORDS = (MONITOR, ATTEMPT, DISKS)


@pytest.fixture
def node(installation: Installation) -> Iterator[Node]:
    made = Node(installation)
    made.after_boot(AfterBoot.START)
    yield made
    Path(made.base, boot.LAST).unlink()


@pytest.fixture
def vm(installation: Installation, images: Images, bridge: str) -> VmSpec:
    """Two disks, a NIC, limits."""
    disk = data_disk(1, installation.image(22001, 1, images.empty()))
    return installation.vm(
        22001,
        disk,
        root=images.busybox(),
        nics=(nic(22001, 0, bridge, driver="bridge"),),
        limits=Limits(cpu=0.25, memory_bytes=48 << 20),
    )


def other(installation: Installation, images: Images, number: int = 22002) -> VmSpec:
    return installation.vm(number, root=images.busybox())


def test_after_a_power_cut_it_runs_as_it_was(node: Node, vm: VmSpec, tmp_path: Path) -> None:
    installation = node.installation
    installation.do("deploy", vm)
    installation.attach(vm, "sh", "-c", "echo kept > /media/one-disk.1/f; sync")
    uids = installation.attach(vm, "cat", "/proc/self/uid_map")
    container = installation.container(vm)
    applied = container.state.read("spec.json")
    node.power_cut()
    assert not node.runs(vm)

    recover_steps.announce(installation.policy, tmp_path)
    assert is_recovering(tmp_path, 0)
    assert node.boots(root=tmp_path) == {vm.name: Outcome.STARTED}

    assert not is_recovering(tmp_path, 0)
    assert installation.attach(vm, "cat", "/media/one-disk.1/f") == "kept\n"
    assert installation.attach(vm, "cat", "/proc/self/uid_map") == uids
    assert installation.attach(vm, "cat", "/sys/class/net/eth0/address").strip() == vm.nics[0].mac
    assert os.path.exists(f"/sys/class/net/{vm.nics[0].host_name}/master")
    assert container.state.read("spec.json") == applied
    assert not node.told[0].why  # a limit that is not in force would be told
    last = attempt.current(container.state)
    assert last
    assert (last.phase, last.boot_id) == (attempt.RUNNING, attempt.boot_id())
    installation.do("shutdown", vm)


def test_a_shutdown_of_the_host_is_no_end_on_purpose(
    node: Node, images: Images, vm: VmSpec
) -> None:
    """Though it runs the same hook as a stop by hand before it does."""
    installation = node.installation
    by_hand = other(installation, images)
    for one in (vm, by_hand):
        installation.do("deploy", one)
    run("lxc-stop", "-k", "-P", installation.policy.lxc, "-n", by_hand.name)
    assert monitor.ended(installation.container(by_hand).state, 60)
    node.shut_down(vm)
    assert node.boots() == {vm.name: Outcome.STARTED}
    assert not node.runs(by_hand)


def test_ended_from_inside_it_stays_so(node: Node, vm: VmSpec) -> None:
    node.installation.do("deploy", vm)
    node.installation.attach(vm, "poweroff", check=False)
    assert monitor.ended(node.installation.container(vm).state, 200)
    node.power_cut()
    assert node.boots() == {}


def test_a_reboot_from_inside_is_no_end(node: Node, vm: VmSpec) -> None:
    installation = node.installation
    installation.do("deploy", vm)
    installation.do("reboot", vm)
    node.power_cut()
    assert node.boots() == {vm.name: Outcome.STARTED}


def test_suspended_it_is_not_woken(node: Node, images: Images, vm: VmSpec) -> None:
    """Its memory is gone; OpenNebula has it as SUSPENDED and boots it when it is resumed."""
    installation = node.installation
    resumed = other(installation, images)
    for one in (vm, resumed):
        installation.do("deploy", one)
        installation.do("save", replaced(one, lcm_state=6))
    installation.do("restore", replaced(resumed, lcm_state=21))
    node.power_cut()
    assert node.boots() == {resumed.name: Outcome.STARTED}
    installation.do("restore", replaced(vm, lcm_state=21))
    assert node.runs(vm)


def replaced(vm: VmSpec, **changes: object) -> VmSpec:
    return type(vm)(**{**vars(vm), **changes})


def test_left_alone_by_default_and_resumed(node: Node, vm: VmSpec, tmp_path: Path) -> None:
    """`onevm resume` of what OpenNebula has as POWEROFF: a deploy over what the last boot left."""
    installation = node.installation
    node.after_boot(AfterBoot.LEAVE)
    installation.do("deploy", vm)
    installation.attach(vm, "sh", "-c", "echo kept > /media/one-disk.1/f; sync")
    node.power_cut()

    recover_steps.announce(installation.policy, tmp_path)
    assert not is_recovering(tmp_path, 0)
    assert node.boots(root=tmp_path) == {vm.name: Outcome.LEFT}
    assert node.told[0].why == 'driver.after_boot is "leave": onevm resume 22001'
    assert not node.runs(vm)

    assert installation.do("deploy", vm) == vm.name
    assert installation.attach(vm, "cat", "/media/one-disk.1/f") == "kept\n"
    node.after_boot(AfterBoot.START)
    assert node.boots() == {}


def test_what_another_host_may_have_is_refused(
    node: Node, vm: VmSpec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = tmp_path / "mountinfo"  # made by hand: of a host with its datastores on NFS
    line = "36 35 0:44 / {} rw - nfs4 server:/one rw\n"
    table.write_text(line.format(node.installation.policy.datastores))
    monkeypatch.setattr("control.recovery.recover_look.MOUNTINFO", table)
    node.installation.do("deploy", vm)
    node.power_cut()
    assert node.boots() == {vm.name: Outcome.REFUSED}
    assert node.told[0].why == "disk 0 is on nfs4, where another host may run it by now"
    assert not node.runs(vm)
    node.after_boot(AfterBoot.START_SHARED)
    told = recover_steps.recover(node.installation.site, lambda _: None, patience=SHORT)
    assert [one.outcome for one in told] == [Outcome.STARTED]


def test_one_that_cannot_start_stops_no_other(node: Node, images: Images, vm: VmSpec) -> None:
    installation = node.installation
    fine = other(installation, images)
    broken = other(installation, images, 22003)
    for one in (vm, fine, broken):
        installation.do("deploy", one)
    node.power_cut()
    before = installation.traces()
    Path(vm.disks[1].source).rename(f"{vm.disks[1].source}.away")
    Path(broken.disks[0].source).write_bytes(bytes(1 << 20))
    assert node.boots() == {
        vm.name: Outcome.FAILED,
        fine.name: Outcome.STARTED,
        broken.name: Outcome.FAILED,
    }
    why = {one.name: one.why for one in node.told}
    assert "disk.1 does not exist" in why[vm.name]
    assert "is empty" in why[broken.name]
    installation.do("cancel", fine)
    left = {k: [x for x in v if fine.name not in x] for k, v in before.items()}
    assert settled(installation, left) == left


def test_what_comes_late_is_waited_for(node: Node, vm: VmSpec) -> None:
    """A bridge, here; a volume or a datastore is no different."""
    installation, name = node.installation, vm.nics[0].bridge
    installation.do("deploy", vm)
    node.power_cut()
    run("ip", "link", "del", name)
    late = "sleep 1; ip link add {0} type bridge; ip link set {0} up"
    child = os.spawnlp(os.P_NOWAIT, "sh", "sh", "-c", late.format(name))
    assert node.boots(LONG) == {vm.name: Outcome.STARTED}
    os.waitpid(child, 0)


def test_a_start_that_fails_leaves_it_to_be_started_by_hand(
    node: Node, vm: VmSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = node.installation
    installation.do("deploy", vm)
    node.power_cut()
    before = installation.traces()

    def fails(*_: object) -> int:
        raise DriverError("it ended at once")

    with monkeypatch.context() as patched:
        patched.setattr("vmm.container.Container.settle", fails)
        assert node.boots() == {vm.name: Outcome.FAILED}
    assert settled(installation, before) == before
    assert not Path(installation.container(vm).state.path(ENDED)).exists()
    run("lxc-start", "-P", installation.policy.lxc, "-n", vm.name)
    assert node.runs(vm)
    installation.do("cancel", vm)


def test_an_interrupted_one_goes_on_in_the_next_boot(
    node: Node, images: Images, vm: VmSpec
) -> None:
    installation = node.installation
    installation.do("deploy", vm)
    node.power_cut()
    now = boot.begin(node.base)
    boot.save(node.base, type(now)(now.id, now.before, pending=(vm.name,)))
    node._age()  # the power went again before its turn came
    assert node.boots() == {vm.name: Outcome.STARTED}
    last = boot.load(node.base)
    assert last
    assert last.pending == ()


def test_ended_by_a_signal_it_undoes_and_remembers(node: Node, vm: VmSpec) -> None:
    """The host goes down again meanwhile."""
    installation = node.installation
    installation.do("deploy", vm)
    node.power_cut()
    before = installation.traces()
    object.__setattr__(installation.policy, "settle_seconds", 250.0)
    settling = threading.Thread(target=_end_when, args=(lambda: node.runs(vm),))
    settling.start()
    assert node.boots() == {vm.name: Outcome.INTERRUPTED}
    settling.join()
    assert settled(installation, before) == before
    last = boot.load(node.base)
    assert last
    assert last.pending == (vm.name,)
    object.__setattr__(installation.policy, "settle_seconds", 0.05)
    assert node.boots() == {vm.name: Outcome.STARTED}


def _end_when(true: Callable[[], bool]) -> None:
    while not true():
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)


def test_once_per_boot(node: Node, vm: VmSpec) -> None:
    """An upgrade starts the unit anew: what OpenNebula was told is off stays off."""
    installation = node.installation
    node.after_boot(AfterBoot.LEAVE)
    installation.do("deploy", vm)
    node.power_cut()
    assert node.boots() == {vm.name: Outcome.LEFT}
    node.after_boot(AfterBoot.START)
    assert node.boots() == {}
    assert not node.runs(vm)
    (would,) = recover_steps.planned(installation.site)
    assert (would.name, would.outcome) == (vm.name, Outcome.WOULD_START)


def test_the_journal_tells(node: Node, vm: VmSpec) -> None:
    node.installation.do("deploy", vm)
    node.power_cut()
    node.boots()
    lines = Path(node.installation.policy.journal).read_text().splitlines()
    last = json.loads(lines[-1])
    assert (last["action"], last["vm"], last["outcome"]) == ("recover", vm.name, "done")
