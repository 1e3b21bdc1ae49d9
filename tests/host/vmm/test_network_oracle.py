"""The NICs that we make by the kernel's own messages, as pyroute2 sees them."""

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from pyroute2 import IPRoute, NetNS
from support.installation import run

from vmm.nics import network
from vmm.plan import PlannedNic

pytestmark = pytest.mark.host

BRIDGE, HOST_NAME, MAC = (
    f"nxno{os.getpid() % 10000}",
    f"nxnv{os.getpid() % 10000}",
    "02:00:00:00:00:07",
)


@pytest.fixture
def namespace() -> Iterator[int]:
    """The pid of a process with a network namespace of its own, and a bridge outside of it."""
    run("ip", "link", "add", BRIDGE, "mtu", "1400", "type", "bridge")
    with subprocess.Popen(["unshare", "--net", "sleep", "600"]) as child:
        try:
            own = os.readlink("/proc/self/ns/net")
            while os.readlink(f"/proc/{child.pid}/ns/net") == own:
                assert child.poll() is None
            yield child.pid
        finally:
            child.kill()
            run("ip", "link", "del", BRIDGE)


def test_both_ends_are_what_was_asked_for(namespace: int) -> None:
    network.attach(PlannedNic(HOST_NAME, "eth3", MAC, BRIDGE), namespace)
    with IPRoute() as here, NetNS(f"/proc/{namespace}/ns/net", flags=0) as inside:
        host, bridge, guest = _link(here, HOST_NAME), _link(here, BRIDGE), _link(inside, "eth3")
    assert host.get(("linkinfo", "kind")) == guest.get(("linkinfo", "kind")) == "veth"
    assert guest.get("address") == MAC
    assert (host.get("mtu"), guest.get("mtu")) == (1400, 1400), "the bridge's"
    assert host.get("master") == bridge["index"]
    assert (host["state"], guest["state"]) == ("up", "up")
    assert host.get("link") == guest["index"]
    assert guest.get("link") == host["index"]

    assert network.detach(PlannedNic(HOST_NAME, "eth3", MAC, BRIDGE))
    with IPRoute() as here, NetNS(f"/proc/{namespace}/ns/net", flags=0) as inside:
        assert here.link_lookup(ifname=HOST_NAME) == []
        assert inside.link_lookup(ifname="eth3") == []


def _link(at: Any, name: str) -> Any:
    (index,) = at.link_lookup(ifname=name)
    return at.get_links(index)[0]
