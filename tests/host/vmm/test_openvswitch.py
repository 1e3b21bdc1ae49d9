"""NICs on a bridge of Open vSwitch: ports come and go with their container, on every path."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest
from support import openvswitch
from support.installation import Images, Installation, nic, own, run

from vmm.errors import DriverError
from vmm.spec import Nic, VmSpec

pytestmark = [pytest.mark.host, pytest.mark.guest]

BRIDGE = f"nxveovs{os.getpid() % 100000}"
REFUSING_HOOK = """
import sys
from control.driver.hook import main
code = main()
raise SystemExit(1 if sys.argv[1] == "start-host" else code)
"""


@pytest.fixture(scope="module")
def service() -> Iterator[None]:
    with openvswitch.running():
        yield


@pytest.fixture
def switch(service: None) -> Iterator[str]:
    with openvswitch.bridge(BRIDGE) as name:
        yield name


def vsctl(*words: str) -> str:
    return run("ovs-vsctl", "--timeout=60", *words).strip()


def ports() -> list[str]:
    return vsctl("list-ports", BRIDGE).split()


def port(vmid: int, nic_id: int = 0) -> Nic:
    return nic(vmid, nic_id, BRIDGE, bridge_type="openvswitch")


def host_end(vm: VmSpec, nic_id: int = 0) -> str:
    return f"{vm.name}-{nic_id}"


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it did not become so within 120 s"
        time.sleep(0.05)


def test_ping_reboot_and_every_end(installation: Installation, images: Images, switch: str) -> None:
    vms = [
        installation.vm(vmid, root=images.busybox(), nics=(port(vmid),))
        for vmid in (own(1), own(2))
    ]
    for number, vm in enumerate(vms, 1):
        installation.do("deploy", vm)
        installation.attach(vm, "ifconfig", "eth0", f"10.71.3.{number}", "up")
    assert ports() == [host_end(vm) for vm in vms]
    ping = ("ping", "-c", "1", "-W", "10", "10.71.3.2")  # the switch may need a while to pass it on
    until(lambda: " 0% packet loss" in installation.attach(vms[0], *ping, check=False))

    # What OpenNebula's network driver sets on the port outlives a reboot from inside: without
    # its tag, a port is a trunk of every VLAN.
    vsctl("set", "Port", host_end(vms[0]), "tag=10")
    numbered = vsctl("get", "Interface", host_end(vms[0]), "ofport")
    installation.do("reboot", vms[0])
    assert vsctl("get", "Port", host_end(vms[0]), "tag") == "10"
    until(lambda: vsctl("get", "Interface", host_end(vms[0]), "ofport") == numbered)

    installation.do("cancel", vms[0])
    assert ports() == [host_end(vms[1])]
    installation.do("shutdown", vms[1])
    assert ports() == []


def test_what_a_killed_monitor_leaves_goes_with_the_next_action(
    installation: Installation, images: Images, switch: str
) -> None:
    vm = installation.vm(own(1), root=images.busybox(), nics=(port(own(1)), port(own(1), 1)))
    for action in ("deploy", "cancel"):
        installation.do("deploy", vm)
        _kill_monitor(installation, vm)
        assert ports() == [host_end(vm), host_end(vm, 1)]
        installation.do(action, vm)
        assert ports() == ([] if action == "cancel" else [host_end(vm), host_end(vm, 1)])
        assert "error" not in vsctl("show")
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
    vm = installation.vm(own(1), root=images.busybox(), nics=(port(own(1)),))
    with pytest.raises(DriverError, match="did not start"):
        installation.do("deploy", vm)
    assert ports() == []


def test_a_switch_that_is_not_there_is_told(
    installation: Installation, images: Images, service: None
) -> None:
    vm = installation.vm(own(1), root=images.busybox(), nics=(port(own(1)),))
    before = installation.traces()
    with pytest.raises(DriverError, match=f"there is no bridge {BRIDGE}"):
        installation.do("deploy", vm)
    assert installation.traces() == before
