"""Network interfaces by the kernel's own messages: few, small, and at hand in a hook.

pyroute2 knows them all, and takes ten times as long to import as a whole hook does. Here are
the four that a container's NICs need, after linux/rtnetlink.h, if_link.h and veth.h. Imported
by hooks: keep it lean.
"""

import errno
import os
import struct

from vmm.lean.value import Value

NETLINK_ROUTE = 0
NLMSG_ERROR = 2
NEW, DELETE, GET, SET = 16, 17, 18, 19  # RTM_…LINK
GET_NAMESPACE_ID = 88 + 2  # RTM_GETNSID
REQUEST, ACK, EXCLUSIVE, CREATE = 1, 4, 0x200, 0x400
NESTED = 0x8000
ADDRESS, NAME, MTU, MASTER, LINK_INFO, NAMESPACE_FD, LINK_NAMESPACE_ID = 1, 3, 4, 10, 18, 28, 37
KIND, DATA, PEER = 1, 2, 1
ID, FD = 1, 3  # NETNSA_…
UP = 1
REPLY_BYTES = 1 << 16
HEADER, LINK, ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=BxHiII"), struct.Struct("=HH")


class Link(Value):
    """An interface of the caller's network namespace."""

    ifindex: int
    kind: str
    """veth, bridge …; "" for a device that no driver made on demand."""
    peer_namespace: int | None
    """The id, in this namespace, of the one where a veth's other end is; None when in this one."""


class End(Value):
    """One end of a veth pair that is to be made."""

    name: str
    mac: str
    mtu: int


def create_pair(inside: End, outside: End, namespace: int) -> None:
    """Make a pair in one message: `inside` in the caller's namespace and up, `outside` in that of
    the descriptor and down. FileExistsError, with nothing made, where a name is taken.

    Not the other way round: until Linux 6.15 the name of the first end must be free in the
    caller's namespace too, and most hosts have an eth0; a second end cannot be up at once.
    """
    peer = LINK.pack(0, 0, 0, 0, 0) + _end(outside)
    peer += _attribute(NAMESPACE_FD, struct.pack("=i", namespace))
    info = _text(KIND, "veth") + _nest(DATA, _nest(PEER, peer))
    link = _end(inside)
    _ask(NEW, LINK.pack(0, 0, 0, UP, UP) + link + _nest(LINK_INFO, info), CREATE | EXCLUSIVE)


def set_up(index: int, bridge: int | None) -> None:
    """Put an interface on the bridge of that index, if any, and set it up."""
    master = b"" if bridge is None else _attribute(MASTER, struct.pack("=i", bridge))
    _ask(SET, LINK.pack(0, 0, index, UP, UP) + master)


def delete(index: int) -> None:
    """Remove an interface, unless it is gone by now; a veth takes its other end along."""
    try:
        _ask(DELETE, LINK.pack(0, 0, index, 0, 0))
    except OSError as error:
        if error.errno != errno.ENODEV:
            raise


def find(name: str) -> Link | None:
    """The interface of that name in the caller's namespace."""
    try:
        reply = _ask(GET, LINK.pack(0, 0, 0, 0, 0) + _text(NAME, name))
    except OSError as error:
        if error.errno == errno.ENODEV:
            return None
        raise
    found = _attributes(reply[LINK.size :])
    info = _attributes(found.get(LINK_INFO, b""))
    there = found.get(LINK_NAMESPACE_ID)
    return Link(
        ifindex=LINK.unpack_from(reply)[2],
        kind=info.get(KIND, b"").rstrip(b"\0").decode(),
        peer_namespace=None if there is None else struct.unpack("=i", there)[0],
    )


def namespace_id(namespace: int) -> int | None:
    """The id in the caller's namespace of the one of that descriptor; None without one."""
    family = struct.pack("=Bxxx", 0)
    reply = _ask(GET_NAMESPACE_ID, family + _attribute(FD, struct.pack("=i", namespace)))
    found = struct.unpack("=i", _attributes(reply[len(family) :])[ID])[0]
    return None if found < 0 else int(found)


def _end(end: End) -> bytes:
    return (
        _text(NAME, end.name)
        + _attribute(ADDRESS, bytes.fromhex(end.mac.replace(":", "")))
        + _attribute(MTU, struct.pack("=I", end.mtu))
    )


def _attribute(kind: int, value: bytes) -> bytes:
    return ATTRIBUTE.pack(ATTRIBUTE.size + len(value), kind) + value + b"\0" * (-len(value) % 4)


def _nest(kind: int, value: bytes) -> bytes:
    return _attribute(kind | NESTED, value)


def _text(kind: int, text: str) -> bytes:
    return _attribute(kind, text.encode() + b"\0")


def _attributes(data: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at + ATTRIBUTE.size <= len(data):
        size, kind = ATTRIBUTE.unpack_from(data, at)
        found[kind & ~NESTED] = data[at + ATTRIBUTE.size : at + size]
        at += max(ATTRIBUTE.size, size + -size % 4)
    return found


def _ask(kind: int, body: bytes, flags: int = 0) -> bytes:
    """Send one message; the body of the answer, b"" for an acknowledgement. OSError as told."""
    import socket

    wants = 0 if kind in (GET, GET_NAMESPACE_ID) else ACK
    message = HEADER.pack(HEADER.size + len(body), kind, REQUEST | wants | flags, 1, 0) + body
    route = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_ROUTE)
    with route:
        route.sendto(message, (0, 0))
        reply = route.recv(REPLY_BYTES)
    size, answer = HEADER.unpack_from(reply)[:2]
    if answer != NLMSG_ERROR:
        return reply[HEADER.size : size]
    code = -int.from_bytes(reply[HEADER.size : HEADER.size + 4], "little", signed=True)
    if code:
        raise OSError(code, os.strerror(code))
    return b""
