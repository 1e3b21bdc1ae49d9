import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from support.monitord import bound

from im_probes.transport import DATAGRAM_MAX, Network


@pytest.fixture
def ports() -> Iterator[tuple[socket.socket, socket.socket, int]]:
    """A UDP and a TCP socket on one port of the loopback."""
    port, stream, datagram = bound(0)
    with stream, datagram:
        stream.listen()
        stream.settimeout(60)
        datagram.settimeout(60)
        yield stream, datagram, port


def accepted(stream: socket.socket) -> bytes:
    connection, _ = stream.accept()
    with closing(connection), connection.makefile("rb") as file:
        return file.read()


@pytest.mark.parametrize(
    ("size", "reliable", "by_stream"),
    [
        (1, False, False),
        (DATAGRAM_MAX, False, False),
        (DATAGRAM_MAX + 1, False, True),
        (1, True, True),
    ],
)
def test_which_way_a_message_goes(
    ports: tuple[socket.socket, socket.socket, int], size: int, reliable: bool, by_stream: bool
) -> None:
    stream, datagram, port = ports
    raw = b"x" * size
    sender = threading.Thread(
        target=Network("127.0.0.1", port).send, args=(raw,), kwargs={"reliable": reliable}
    )
    sender.start()
    assert (accepted(stream) if by_stream else datagram.recv(65536)) == raw
    sender.join()


def test_a_closed_port_is_told(ports: tuple[socket.socket, socket.socket, int]) -> None:
    stream, datagram, port = ports
    stream.close()
    datagram.close()
    with pytest.raises(ConnectionRefusedError):
        Network("127.0.0.1", port).send(b"x", reliable=True)


def test_a_name_is_looked_up_each_time(
    ports: tuple[socket.socket, socket.socket, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A front-end that moves takes its name along."""
    _, datagram, port = ports
    really, now = socket.getaddrinfo, "127.0.0.2"
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, *a, **k: really(now, *a, **k))
    network = Network("front-end.invalid", port)
    network.send(b"elsewhere", reliable=False)
    now = "127.0.0.1"
    network.send(b"here", reliable=False)
    assert datagram.recv(100) == b"here"


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(socket.gaierror):
        Network("front-end.invalid", 4124).send(b"x", reliable=False)


@pytest.mark.parametrize("reliable", [False, True])
@pytest.mark.parametrize("address", ["front..end", "x" * 64, "\udc80"])
def test_a_name_that_can_be_none_is_told_like_an_unknown_one(address: str, reliable: bool) -> None:
    with pytest.raises(OSError, match="cannot be a front-end's name"):
        Network(address, 4124).send(b"x", reliable=reliable)


def test_a_front_end_with_both_kinds_of_addresses_hears_a_datagram(
    ports: tuple[socket.socket, socket.socket, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """monitord listens at IPv4 alone, and of a datagram to the other kind nobody is told."""
    _, datagram, port = ports
    families = ("::1", "127.0.0.1")
    really = socket.getaddrinfo

    def both(_: str, *args: Any, **named: Any) -> list[Any]:
        return [found for each in families for found in really(each, *args, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    Network("front-end.invalid", port).send(b"heard", reliable=False)
    assert datagram.recv(100) == b"heard"
