"""NICs attached to and detached from containers that run, stand frozen, reboot or die."""

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from support.busybox import until
from support.installation import Images, Installation, nic, own, run, settled

from vmm import applied
from vmm.errors import DriverError, NotFound
from vmm.kept import planned_nic, spec
from vmm.lxc import monitor
from vmm.nics import network
from vmm.spec import Nic, VmSpec

pytestmark = pytest.mark.host

VMID = own(2)
ROUNDS = 100
EMPTY_BRIDGE = f"nxhabr{os.getpid()}"  # two runs side by side do not meet


@pytest.fixture
def vm(installation: Installation, images: Images, bridge: str) -> VmSpec:
    """A running VM with one NIC that it was started with."""
    made = installation.vm(VMID, root=images.busybox(), nics=(nic(VMID, 0, bridge),))
    installation.do("deploy", made)
    return made


def more(vm: VmSpec, nic_id: int = 1, **changes: object) -> VmSpec:
    """The VM as OpenNebula sends it when NIC `nic_id` is attached or detached."""
    added = replace(nic(VMID, nic_id, vm.nics[0].bridge), attach=True)
    return replace(vm, nics=(*vm.nics, replace(added, **changes)))  # type: ignore[arg-type]  # a test's own


def names(installation: Installation, vm: VmSpec) -> set[str]:
    """The NICs inside the container."""
    listed = installation.attach(vm, "ls", "/sys/class/net").split()
    return {name for name in listed if name.startswith("eth")}


def looks_as_opennebula_needs(installation: Installation, vm: VmSpec, found: Nic) -> None:
    """The host end under its name, on its bridge, up; the guest end with its address, up."""
    assert found.host_name == f"one-{vm.vmid}-{found.nic_id}"
    end = Path("/sys/class/net", found.host_name)
    assert (end / "master").readlink().name == found.bridge
    # The kernel tells operstate from a worker, a while after both ends are up.
    until(lambda: (end / "operstate").read_text() == "up\n", f"{found.host_name} to be up")
    assert (end / "address").read_text().startswith("fe:")
    inside = f"/sys/class/net/{found.guest_name}"
    assert installation.attach(vm, "cat", f"{inside}/address").strip() == found.mac
    until(
        lambda: installation.attach(vm, "cat", f"{inside}/operstate").strip() == "up",
        f"{found.guest_name} to be up",
    )
    # The host end's other end is this NIC and no other.
    peer = (end / "iflink").read_text().strip()
    assert installation.attach(vm, "cat", f"{inside}/ifindex").strip() == peer


@pytest.mark.guest
def test_cold_and_hot_nics_are_the_same(installation: Installation, vm: VmSpec) -> None:
    looks_as_opennebula_needs(installation, vm, vm.nics[0])
    hot = more(vm, mtu=1400)
    for _ in range(2):  # again: nothing changes
        installation.do("attach_nic", hot)
        looks_as_opennebula_needs(installation, vm, hot.nics[1])
    inside = "/sys/class/net/eth1"
    assert installation.attach(vm, "cat", f"{inside}/mtu").strip() == "1400"
    installation.attach(vm, "ifconfig", "eth1", "10.71.4.2", "up")
    installation.do("attach_nic", hot)
    assert "10.71.4.2" in installation.attach(vm, "ifconfig", "eth1"), "it was made anew"
    run("ip", "addr", "add", "10.71.4.1/24", "dev", hot.nics[1].bridge)
    assert " 0% packet loss" in installation.attach(vm, "ping", "-c", "2", "10.71.4.1")
    for _ in range(2):
        installation.do("detach_nic", hot)
        assert names(installation, vm) == {"eth0"}
        assert not Path("/sys/class/net", hot.nics[1].host_name).exists()


def test_a_nic_takes_the_mtu_of_its_bridge(installation: Installation, vm: VmSpec) -> None:
    """Kept small by its first port: a bridge that was given an MTU keeps it."""
    run("ip", "link", "set", vm.nics[0].bridge, "mtu", "1300")
    installation.do("attach_nic", more(vm))
    assert installation.attach(vm, "cat", "/sys/class/net/eth1/mtu").strip() == "1300"
    assert Path("/sys/class/net", vm.nics[0].bridge, "mtu").read_text() == "1300\n"


@pytest.mark.guest
def test_every_later_start_has_what_was_attached_and_not_what_was_detached(
    installation: Installation, vm: VmSpec
) -> None:
    container = installation.container(vm)
    hot = more(more(vm), 2)
    installation.do("attach_nic", more(vm))
    installation.do("attach_nic", replace(more(vm), nics=(*vm.nics, hot.nics[2])))
    installation.do("detach_nic", more(vm))
    # Of the NIC that it was started with not even the bridge is left: OpenNebula removes an empty
    # one after a detach.
    run("ip", "link", "add", EMPTY_BRIDGE, "type", "bridge")
    try:
        cold = replace(hot.nics[2], bridge=EMPTY_BRIDGE, nic_id=3, host_name=f"one-{VMID}-3",
                       guest_name="eth3", mac="02:00:71:04:02:33")  # fmt: skip
        installation.do("attach_nic", replace(vm, nics=(*vm.nics, cold)))
        installation.do("detach_nic", replace(vm, nics=(replace(vm.nics[0], attach=True),)))
        wanted = {"eth2", "eth3"}
        assert names(installation, vm) == wanted
        assert {found.guest_name for found in spec(container.state).nics} == wanted
        shown = applied.read(installation.policy.state, vm.name)
        assert shown is not None
        assert {found["name"] for found in shown["nics"]} == wanted
        _reboots_from_inside(installation, vm)
        assert names(installation, vm) == wanted
        installation.do("detach_nic", replace(vm, nics=(replace(cold, attach=True),)))
    finally:
        run("ip", "link", "del", EMPTY_BRIDGE)
    _reboots_from_inside(installation, vm)
    assert names(installation, vm) == {"eth2"}
    installation.do("reset", vm)
    assert names(installation, vm) == {"eth2"}
    installation.booted(vm)
    installation.attach(vm, "poweroff", check=False)
    assert monitor.ended(container.state, 120), "the container did not end"
    assert not Path("/sys/class/net", f"one-{VMID}-2").exists()
    run("lxc-start", "-P", installation.policy.lxc, "-n", vm.name)
    assert names(installation, vm) == {"eth2"}
    looks_as_opennebula_needs(installation, vm, hot.nics[2])


def _reboots_from_inside(installation: Installation, vm: VmSpec) -> None:
    container = installation.container(vm)
    installation.booted(vm)  # before that the kernel drops what its init is asked
    before = container.init()
    installation.attach(vm, "reboot", check=False)
    until(lambda: container.init() not in (None, before), "a reboot from inside")
    container.settle(lambda: True)


@pytest.mark.guest
def test_attach_and_detach_while_frozen(installation: Installation, vm: VmSpec) -> None:
    installation.do("save", replace(vm, lcm_state=6))
    installation.do("attach_nic", more(vm))
    installation.do("detach_nic", more(vm))
    installation.do("attach_nic", more(vm, 2))
    installation.do("restore", replace(vm, lcm_state=21))
    assert names(installation, vm) == {"eth0", "eth2"}
    looks_as_opennebula_needs(installation, vm, more(vm, 2).nics[1])


def test_attach_and_detach_while_it_reboots(installation: Installation, vm: VmSpec) -> None:
    """Whatever moment of the reboot they meet: afterwards what they said is so."""
    for turn in range(6):
        rebooting = threading.Thread(target=_reboots_from_inside, args=(installation, vm))
        rebooting.start()
        time.sleep(turn * 0.4)  # busybox takes two seconds: each turn meets another moment
        installation.do("attach_nic", more(vm))
        rebooting.join()
        assert names(installation, vm) == {"eth0", "eth1"}
        looks_as_opennebula_needs(installation, vm, more(vm).nics[1])
        rebooting = threading.Thread(target=_reboots_from_inside, args=(installation, vm))
        rebooting.start()
        time.sleep(turn * 0.4)
        installation.do("detach_nic", more(vm))
        rebooting.join()
        assert names(installation, vm) == {"eth0"}


def test_attach_to_one_that_dies_leaves_nothing(installation: Installation, vm: VmSpec) -> None:
    before = Installation.traces(installation)["interfaces"]
    assert before == [vm.nics[0].host_name]
    for turn in range(5):
        dying = threading.Thread(target=installation.container(vm).stop, args=(5,))
        dying.start()
        time.sleep(turn * 0.02)
        try:
            installation.do("attach_nic", more(vm))
        except DriverError as error:
            assert "does not run" in str(error)
            dying.join()
            with pytest.raises(NotFound, match="does not run"):
                installation.do("attach_nic", more(vm))
        dying.join()
        until(lambda: installation.traces()["interfaces"] == [], "the NICs to go")
        installation.do("detach_nic", more(vm))
        installation.do("deploy", vm)
    assert installation.traces()["interfaces"] == before


@pytest.mark.slow
@pytest.mark.parametrize("unprivileged", [True, False], ids=["unprivileged", "privileged"])
def test_a_hundred_times(
    installation: Installation, images: Images, bridge: str, unprivileged: bool
) -> None:
    vm = installation.vm(
        VMID, root=images.busybox(), nics=(nic(VMID, 0, bridge),), wants_unprivileged=unprivileged
    )
    installation.do("deploy", vm)
    before, fds = installation.traces(), len(os.listdir("/proc/self/fd"))
    for _ in range(ROUNDS):
        installation.do("attach_nic", more(vm))
        looks_alive = Path("/sys/class/net", f"one-{VMID}-1/carrier").read_text()
        assert looks_alive == "1\n"
        installation.do("detach_nic", more(vm))
    assert settled(installation, before) == before
    assert len(os.listdir("/proc/self/fd")) == fds
    assert names(installation, vm) == {"eth0"}


def test_an_alias_is_no_device(installation: Installation, vm: VmSpec) -> None:
    from vmm import actions
    from vmm.spec import Message

    mac = "02:00:71:04:02:99"
    arguments = (vm.name, mac, vm.nics[0].bridge, "-", "bridge", f"one-{VMID}-1")
    with_alias = replace(vm, aliases=(mac,))
    before = installation.traces()
    for action, given in (("attach_nic", arguments), ("detach_nic", arguments[:2])):
        message = Message(action, with_alias, arguments=given)
        assert actions.perform(installation.site, message) == ""
    assert installation.traces() == before


def test_what_is_refused_changes_nothing(installation: Installation, vm: VmSpec) -> None:
    before, planned = installation.traces(), spec(installation.container(vm).state)
    for wrong, said in (
        (more(vm, bridge="nxhanone"), "there is no bridge nxhanone"),
        (more(vm, bridge="lo"), "lo is not a bridge"),
        (more(vm, guest_name="eth0"), "has an interface eth0 already"),
        (vm, "the message has no NIC marked with ATTACH"),
    ):
        with pytest.raises(DriverError, match=said):
            installation.do("attach_nic", wrong)
        assert installation.traces() == before
        assert spec(installation.container(vm).state) == planned
    # A name that something else has is not taken from it.
    name = f"one-{VMID}-1"
    run("ip", "link", "add", name, "type", "bridge")
    try:
        with pytest.raises(DriverError, match=f"{name} is in the way: it is a bridge"):
            installation.do("attach_nic", more(vm))
        with pytest.raises(DriverError, match=f"{name} is in the way: it is a bridge"):
            network.detach(planned_nic(more(vm).nics[1]))
    finally:
        run("ip", "link", "del", name)
    assert names(installation, vm) == {"eth0"}
