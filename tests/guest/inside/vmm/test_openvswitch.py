"""NICs on a bridge of Open vSwitch: ports come and go with their container, on every path."""

import os
import signal
from collections.abc import Iterator

import pytest
from boxes.shell import sh, until
from support.installation import Images, Installation, nic

from vmm.errors import DriverError
from vmm.spec import Nic, VmSpec

pytestmark = pytest.mark.guest

BRIDGE = "v2ovs"
REFUSING_HOOK = """
import sys
from control.hook import main
code = main()
raise SystemExit(1 if sys.argv[1] == "start-host" else code)
"""


@pytest.fixture(scope="module")
def service() -> Iterator[None]:
    sh("systemctl start openvswitch-switch", timeout=300)
    yield
    sh("systemctl stop openvswitch-switch", timeout=300)


@pytest.fixture
def switch(service: None) -> Iterator[str]:
    sh(f"ovs-vsctl add-br {BRIDGE}")
    yield BRIDGE
    sh(f"ovs-vsctl del-br {BRIDGE}")


def ports() -> list[str]:
    return sh(f"ovs-vsctl list-ports {BRIDGE}").split()


def port(vmid: int, nic_id: int = 0) -> Nic:
    return nic(vmid, nic_id, BRIDGE, bridge_type="openvswitch")


def test_ping_reboot_and_every_end(installation: Installation, images: Images, switch: str) -> None:
    vms = [
        installation.vm(vmid, root=images.busybox(), nics=(port(vmid),)) for vmid in (71311, 71312)
    ]
    for number, vm in enumerate(vms, 1):
        installation.do("deploy", vm)
        installation.attach(vm, "ifconfig", "eth0", f"10.71.3.{number}", "up")
    assert ports() == ["one-71311-0", "one-71312-0"]
    ping = ("ping", "-c", "2", "-W", "10", "10.71.3.2")
    assert " 0% packet loss" in installation.attach(vms[0], *ping)

    # What OpenNebula's network driver sets on the port outlives a reboot from inside: without
    # its tag, a port is a trunk of every VLAN.
    sh("ovs-vsctl set Port one-71311-0 tag=10")
    numbered = sh("ovs-vsctl get Interface one-71311-0 ofport")
    installation.do("reboot", vms[0])
    assert sh("ovs-vsctl get Port one-71311-0 tag").strip() == "10"
    until(lambda: sh("ovs-vsctl get Interface one-71311-0 ofport") == numbered)

    installation.do("cancel", vms[0])
    assert ports() == ["one-71312-0"]
    installation.do("shutdown", vms[1])
    assert ports() == []


def test_what_a_killed_monitor_leaves_goes_with_the_next_action(
    installation: Installation, images: Images, switch: str
) -> None:
    vm = installation.vm(71313, root=images.busybox(), nics=(port(71313), port(71313, 1)))
    for action in ("deploy", "cancel"):
        installation.do("deploy", vm)
        _kill_monitor(installation, vm)
        assert ports() == ["one-71313-0", "one-71313-1"]
        installation.do(action, vm)
        assert ports() == ([] if action == "cancel" else ["one-71313-0", "one-71313-1"])
        assert "error" not in sh("ovs-vsctl show")
        installation.do("cancel", vm)


def _kill_monitor(installation: Installation, vm: VmSpec) -> None:
    container = installation.container(vm)
    os.kill(container.state.read("monitor.json")["pid"], signal.SIGKILL)
    until(lambda: container.init() is None)


def test_a_start_that_fails_leaves_no_port(
    installation: Installation, images: Images, switch: str
) -> None:
    installation.hook.with_name("hook.py").write_text(REFUSING_HOOK)
    installation.write_hook(f'exec(open("{installation.base}/hook.py").read())')
    vm = installation.vm(71314, root=images.busybox(), nics=(port(71314),))
    with pytest.raises(DriverError, match="did not start"):
        installation.do("deploy", vm)
    assert ports() == []


def test_a_switch_that_is_not_there_is_told(
    installation: Installation, images: Images, service: None
) -> None:
    vm = installation.vm(71315, root=images.busybox(), nics=(port(71315),))
    before = installation.traces()
    with pytest.raises(DriverError, match=f"there is no bridge {BRIDGE}"):
        installation.do("deploy", vm)
    assert installation.traces() == before
