"""Network interfaces: the only user of pyroute2, whose import takes longer than most actions."""

import contextlib
import os
import time
from collections.abc import Iterable

from vmm.errors import DriverError, NotFound

NET = "/sys/class/net"
VANISH_SECONDS = 1.0
POLL_SECONDS = 0.01


def exists(name: str) -> bool:
    """Whether the host has an interface of this name."""
    return os.path.exists(f"{NET}/{name}")


def require_bridge(name: str, kind: str) -> None:
    """NotFound unless the bridge is there; only a Linux bridge can be told from its directory."""
    if not exists(name):
        raise NotFound(
            f"there is no bridge {name} on this host",
            "OpenNebula's network driver makes it before a deploy: see BRIDGE and VN_MAD",
        )
    if kind == "linux" and not os.path.isdir(f"{NET}/{name}/bridge"):
        raise DriverError(f"{name} is not a bridge", "correct BRIDGE in the virtual network")


def remove_leftovers(names: Iterable[str]) -> None:
    """Remove the host ends that outlived their container.

    They go with the container's network namespace, a moment after its last process: so wait
    that moment before taking the expensive way.
    """
    deadline = time.monotonic() + VANISH_SECONDS
    left = [name for name in names if exists(name)]
    while left and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        left = [name for name in left if exists(name)]
    for name in left:
        _delete_veth(name)


def _delete_veth(name: str) -> None:
    from pyroute2 import IPRoute, NetlinkError

    with IPRoute() as route, contextlib.suppress(NetlinkError):
        for link in route.get_links(ifname=name):
            kind = link.get(("linkinfo", "kind"))
            if kind != "veth":
                raise DriverError(f"{name} is in the way: it is a {kind}, not a container's veth")
            route.link("del", index=link["index"])
