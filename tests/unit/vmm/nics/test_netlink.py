"""Messages to and from the kernel: what is sent byte by byte, and its real replies."""

import socket
import struct
from pathlib import Path
from typing import Self

import pytest

from vmm.nics import netlink
from vmm.nics.netlink import End, Link

LINES = Path(__file__).with_name("netlink.txt").read_text().splitlines()[1:]
REPLIES = {name: bytes.fromhex(data) for name, data in map(str.split, LINES)}
INSIDE, OUTSIDE = (
    End("eth3", "02:00:00:00:00:07", 1450),
    End("one-7-3", "fe:00:00:00:00:07", 1450),
)


class Kernel:
    """A socket that keeps what it is sent and answers as the kernel did."""

    def __init__(self, reply: str) -> None:
        self.reply, self.sent = REPLIES[reply], b""

    def __call__(self, *_: object) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def sendto(self, message: bytes, to: tuple[int, int]) -> None:
        assert to == (0, 0)
        assert len(message) == struct.unpack_from("=I", message)[0]
        self.sent = message

    def recv(self, size: int) -> bytes:
        return self.reply[:size]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Kernel:
    kernel = Kernel(request.param)
    monkeypatch.setattr(socket, "socket", kernel)
    return kernel


def answering(reply: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("answers", [reply], indirect=True)


@answering("veth")
def test_a_veth_whose_peer_is_elsewhere(answers: Kernel) -> None:
    found = netlink.find("one-7-3")
    assert found is not None
    assert (found.kind, found.ifindex > 0) == ("veth", True)
    assert found.peer_namespace is not None
    # ifinfomsg of no index, then IFLA_IFNAME with its zero.
    assert answers.sent[16:] == bytes(16) + struct.pack("=HH8s", 12, 3, b"one-7-3\0")


@answering("loopback")
def test_a_device_of_no_kind(answers: Kernel) -> None:
    assert netlink.find("lo") == Link(1, "", None)


@answering("missing")
def test_what_is_not_there(answers: Kernel) -> None:
    assert netlink.find("none") is None
    netlink.delete(5)


@answering("exists")
def test_a_name_that_is_taken(answers: Kernel) -> None:
    with pytest.raises(FileExistsError):
        netlink.create_pair(INSIDE, OUTSIDE, 3)
    with pytest.raises(FileExistsError):
        netlink.find("any other error is one")


@answering("namespace")
def test_the_id_of_a_namespace(answers: Kernel) -> None:
    found = netlink.namespace_id(3)
    assert found is not None
    assert found >= 0


@answering("no-id")
def test_a_namespace_without_an_id(answers: Kernel) -> None:
    assert netlink.namespace_id(3) is None


@answering("deleted")
def test_the_pair_is_one_message(answers: Kernel) -> None:
    netlink.create_pair(INSIDE, OUTSIDE, 9)
    kind, flags = struct.unpack_from("=HH", answers.sent, 4)
    assert (kind, flags) == (16, 0x605), "RTM_NEWLINK, to be created and nothing else"
    up = struct.pack("=BxHiII", 0, 0, 0, 1, 1)
    assert answers.sent[16:].startswith(up)
    for name, mac in ((b"eth3\0", b"\x02\0\0\0\0\x07"), (b"one-7-3\0", b"\xfe\0\0\0\0\x07")):
        assert struct.pack("=HH", 4 + len(name), 3) + name in answers.sent
        assert struct.pack("=HH", 10, 1) + mac in answers.sent
    assert struct.pack("=HHi", 8, 28, 9) in answers.sent, "the descriptor of the namespace"
    assert answers.sent.count(struct.pack("=HHI", 8, 4, 1450)) == 2
    netlink.set_up(5, 6)
    assert answers.sent[16:] == struct.pack("=BxHiII", 0, 0, 5, 1, 1) + struct.pack(
        "=HHi", 8, 10, 6
    )
    netlink.set_up(5, None)
    assert answers.sent[16:] == struct.pack("=BxHiII", 0, 0, 5, 1, 1)
