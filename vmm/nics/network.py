"""A container's NICs: veth pairs, the outer ends on bridges under the names OpenNebula knows.

LXC could make them, but only those of a start: what is attached later it forgets on a reboot
from inside, and what is detached it makes again, on a bridge that OpenNebula has removed since.
So it makes none, and a start and an attach come here. Imported by hooks: keep it lean.
"""

from __future__ import annotations

import os

from vmm.errors import DriverError, NotFound
from vmm.mounting import inside, mounts
from vmm.nics import netlink
from vmm.nics.netlink import End
from vmm.plan import PlannedNic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

NET = "/sys/class/net"
OVS_SECONDS = 15
PAIR_SECONDS = 20.0


def attach(nic: PlannedNic, pid: int) -> None:
    """Make the NIC in the network namespace of `pid`; nothing to do when it is there already."""
    namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if not _is_attached(nic, namespace):
            remove(nic.host_name)
            _make(nic, namespace)
    finally:
        os.close(namespace)  # held open, it would keep a dead container's NICs


def detach(nic: PlannedNic) -> bool:
    """Remove the NIC, whatever state its container is in; False when it was not there."""
    if nic.openvswitch:
        _ovs("--if-exists", "del-port", nic.bridge, nic.host_name)
    return remove(nic.host_name)


def interrupt(nic: PlannedNic) -> None:
    """Remove the NIC of a container that reboots. A port of Open vSwitch stays on record with
    what OpenNebula's network driver set on it: without its tag it would be a trunk of all VLANs."""
    remove(nic.host_name)


def remove(name: str) -> bool:
    """Remove the veth pair whose outer end has this name; False when there is none."""
    link = netlink.find(name)
    if link is None:
        return False
    if link.kind != "veth":
        kind = link.kind or "device"
        raise DriverError(f"{name} is in the way: it is a {kind}, not a container's veth")
    netlink.delete(link.ifindex)
    return True


def remove_all(nics: Iterable[PlannedNic], names: Iterable[str]) -> None:
    """Remove what a stopped container may have left: its NICs, and what else has these names."""
    for nic in nics:
        detach(nic)
    for name in names:
        remove(name)


def require_bridge(name: str, kind: str) -> None:
    """NotFound unless the bridge is there; only a Linux bridge can be told from its directory."""
    if not os.path.exists(f"{NET}/{name}"):
        raise NotFound(
            f"there is no bridge {name} on this host",
            "OpenNebula's network driver makes it before a deploy: see BRIDGE and VN_MAD",
        )
    if kind == "linux" and not os.path.isdir(f"{NET}/{name}/bridge"):
        raise DriverError(f"{name} is not a bridge", "correct BRIDGE in the virtual network")


def _is_attached(nic: PlannedNic, namespace: int) -> bool:
    link = netlink.find(nic.host_name)
    return (
        link is not None
        and link.peer_namespace is not None
        and link.peer_namespace == netlink.namespace_id(namespace)
        and os.path.exists(f"{NET}/{nic.host_name}/master")
    )


def _make(nic: PlannedNic, namespace: int) -> None:
    """Make the pair and put its outer end on the bridge, or leave nothing."""
    mtu = _bridge_mtu(nic.bridge) if nic.mtu is None else nic.mtu
    # A bridge takes the lowest address of its ports, unless it was given one: never this one.
    outside = End(nic.host_name, f"fe{nic.mac[2:]}", mtu)
    try:
        _make_pair(End(nic.guest_name, nic.mac, mtu), outside, namespace)
        _join(nic)
    except BaseException:
        detach(nic)
        raise


def _make_pair(guest: End, host: End, namespace: int) -> None:
    """Make both ends from within the container's network namespace: a child goes there and ends."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def work() -> str:
        try:
            mounts.enter_network_namespace(namespace)
            netlink.create_pair(guest, host, home)
        except FileExistsError:
            problem = f"the container has an interface {guest.name} already"
            raise DriverError(problem, "rename or remove it inside the container") from None
        except OSError as error:
            raise DriverError(f"cannot make {host.name}: {error.strerror}") from None
        return ""

    try:
        inside.ask_child(work, PAIR_SECONDS, f"making {host.name}")
    finally:
        os.close(home)


def _join(nic: PlannedNic) -> None:
    link = netlink.find(nic.host_name)
    bridge = netlink.find(nic.bridge)
    if link is None or bridge is None:
        raise NotFound(f"{nic.host_name if link is None else nic.bridge} vanished")
    try:
        if nic.openvswitch:
            _join_switch(nic)
        netlink.set_up(link.ifindex, None if nic.openvswitch else bridge.ifindex)
    except OSError as error:
        raise DriverError(
            f"cannot put {nic.host_name} on the bridge {nic.bridge}: {error.strerror}"
        ) from error


def _join_switch(nic: PlannedNic) -> None:
    """Add the port, and have it keep its number over reboots: OpenNebula's filters name that."""
    _ovs("--may-exist", "add-port", nic.bridge, nic.host_name)
    number = _ovs("get", "Interface", nic.host_name, "ofport").strip()
    if number.isdecimal():  # -1 when the switch could not open it
        _ovs("set", "Interface", nic.host_name, f"ofport_request={number}")


def _bridge_mtu(bridge: str) -> int:
    try:
        with open(f"{NET}/{bridge}/mtu", encoding="ascii") as file:
            return int(file.read())
    except FileNotFoundError as error:
        raise NotFound(
            f"there is no bridge {bridge} on this host",
            "OpenNebula's network driver makes it: see BRIDGE and VN_MAD",
        ) from error


def _ovs(*words: str) -> str:
    from vmm.host import Host  # subprocess is slow to import, and most nodes have no such bridge

    return Host().run("ovs-vsctl", f"--timeout={OVS_SECONDS}", *words, timeout=OVS_SECONDS + 5)
