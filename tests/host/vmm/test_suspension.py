"""Suspend, resume, stop and migration: save and restore told apart by LCM_STATE."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.installation import Images, Installation, data_disk, mounted, own, run, settled

from vmm.errors import DriverError, NotFound
from vmm.spec import VmSpec

pytestmark = pytest.mark.host

VMID = own(1)

STOP, SUSPEND, MIGRATE = 5, 6, 7
BOOT_SUSPENDED, BOOT_STOPPED, BOOT_MIGRATE = 21, 22, 35
BUSY = "i=0; while true; do i=$((i+1)); echo $i > /media/one-disk.1/count; done"


@pytest.fixture
def vm(installation: Installation, images: Images) -> VmSpec:
    disk = data_disk(1, installation.image(VMID, 1, images.empty()))
    made = installation.vm(VMID, disk, root=images.busybox())
    installation.do("deploy", made)
    return made


def at(vm: VmSpec, lcm_state: int) -> VmSpec:
    return replace(vm, lcm_state=lcm_state)


def cpu_ticks(installation: Installation, vm: VmSpec) -> int:
    """CPU time of everything in the container so far."""
    used = 0
    for pid in installation.container(vm).cgroups.pids():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used


@pytest.mark.guest
def test_suspend_and_resume_under_load(installation: Installation, vm: VmSpec) -> None:
    load = f"({BUSY}) </dev/null >/dev/null 2>&1 &"
    container = installation.container(vm)
    init, devices = container.init(), installation.traces()["loops"]
    for turn in range(5):
        installation.attach(vm, "sh", "-c", f"{load} echo {turn} > /media/one-disk.1/turn")
        installation.do("save", at(vm, SUSPEND))
        installation.do("save", at(vm, SUSPEND))  # again: nothing changes
        assert container.cgroups.frozen()
        assert installation.do("poll", vm) == "STATE=p"
        assert "FROZEN" in run("lxc-info", "-P", installation.policy.lxc, "-n", vm.name)
        before = cpu_ticks(installation, vm)
        assert _copied(installation, vm) == f"{turn}\n"
        assert cpu_ticks(installation, vm) == before
        installation.do("restore", at(vm, BOOT_SUSPENDED))
        installation.do("restore", at(vm, BOOT_SUSPENDED))
        assert installation.do("poll", vm) == "STATE=a"
        _grows(installation, vm)
    assert container.init() == init
    assert installation.traces()["loops"] == devices


def _copied(installation: Installation, vm: VmSpec) -> str:
    """A file of the data disk as OpenNebula's datastore drivers would copy the image now."""
    copy, point = installation.base / "copy", installation.base / "point"
    run("cp", "--sparse=always", vm.disks[1].source, str(copy))
    point.mkdir(exist_ok=True)
    return mounted(copy, point, "cat turn")


def _grows(installation: Installation, vm: VmSpec) -> None:
    """The load goes on: its file changes."""
    wait = 'a=$(cat count); until [ "$(cat count)" != "$a" ]; do sleep 0.01; done; echo on'
    assert "on" in installation.attach(vm, "sh", "-c", f"cd /media/one-disk.1; {wait}")


@pytest.mark.parametrize("state", [STOP, MIGRATE])
def test_stop_and_migration_shut_down_and_boot_again(
    installation: Installation, vm: VmSpec, state: int
) -> None:
    installation.attach(vm, "sh", "-c", "echo kept > /media/one-disk.1/file")
    for _ in range(2):
        installation.do("save", at(vm, state))
        traces = installation.traces()
        assert (traces["mounts"], traces["loops"], traces["cgroups"]) == ([], [], [])
        assert installation.do("poll", vm) == "STATE=d"
    after = BOOT_STOPPED if state == STOP else BOOT_MIGRATE
    installation.do("restore", at(vm, after))
    pid = installation.container(vm).init()
    assert installation.attach(vm, "cat", "/media/one-disk.1/file") == "kept\n"
    installation.do("restore", at(vm, after))
    assert installation.container(vm).init() == pid


@pytest.mark.guest
@pytest.mark.parametrize("action", ["cancel", "shutdown"])
def test_a_suspended_container_ends(installation: Installation, vm: VmSpec, action: str) -> None:
    installation.do("save", at(vm, SUSPEND))
    installation.do(action, vm)
    assert installation.do("poll", vm) == "STATE=d"


@pytest.mark.parametrize("action", ["reboot", "reset"])
def test_a_suspended_container_reboots(installation: Installation, vm: VmSpec, action: str) -> None:
    installation.do("save", at(vm, SUSPEND))
    installation.do(action, vm)
    assert installation.do("poll", vm) == "STATE=a"


def test_what_is_left_of_a_suspended_vm_that_was_stopped_never_goes_on(
    installation: Installation, images: Images, vm: VmSpec
) -> None:
    """OpenNebula stops and moves a suspended VM without a word to the driver."""
    for lcm_state, again in ((BOOT_STOPPED, False), (BOOT_SUSPENDED, True)):
        installation.do("save", at(vm, SUSPEND))
        frozen = installation.container(vm).init()
        moved = Path(vm.disks[0].source)
        if again:  # came back by way of another node
            moved.unlink()
            installation.image(VMID, 0, images.busybox())
        installation.do("restore", at(vm, lcm_state))
        assert installation.container(vm).init() not in (None, frozen)
        assert installation.do("poll", vm) == "STATE=a"
    installation.do("save", at(vm, SUSPEND))
    frozen = installation.container(vm).init()
    assert installation.do("deploy", vm) == vm.name
    assert installation.container(vm).init() not in (None, frozen)


def test_a_vm_whose_node_restarted_boots(installation: Installation, vm: VmSpec) -> None:
    installation.do("save", at(vm, SUSPEND))
    installation.container(vm).stop(0)
    installation.do("restore", at(vm, BOOT_SUSPENDED))
    assert installation.do("poll", vm) == "STATE=a"
    assert f"{vm.name} is not suspended on this node any more: it boots" in installation.told.infos


def test_what_save_refuses(installation: Installation, vm: VmSpec) -> None:
    before = settled(installation, installation.traces())
    for state in (3, None):
        with pytest.raises(DriverError, match=f"in LCM_STATE {state}: neither a suspend"):
            installation.do("save", replace(vm, lcm_state=state))
    assert installation.traces() == before
    installation.do("cancel", vm)
    with pytest.raises(NotFound, match="does not run"):
        installation.do("save", at(vm, SUSPEND))
