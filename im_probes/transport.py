"""How a message gets to monitord: one datagram where it fits into one frame, else a connection."""

import socket
from typing import Protocol

DATAGRAM_MAX = 1200
"""Bytes that fit one frame on any path (IPv6 guarantees 1280 with headers). A larger datagram is
fragmented, and one lost fragment loses the sample of every container on the host, unnoticed."""
TIMEOUT_S = 5.0


class Transport(Protocol):
    """Where messages go."""

    def send(self, raw: bytes, *, reliable: bool) -> None:
        """Deliver one message; OSError where that is known to have failed."""
        ...


class Network:
    """monitord's UDP and TCP port. The name is resolved anew each time: front-ends move."""

    def __init__(self, address: str, port: int) -> None:
        self._address, self._port = address, port

    def send(self, raw: bytes, *, reliable: bool) -> None:
        """By TCP when `reliable` or too large for one datagram."""
        try:
            self._send(raw, reliable)
        except UnicodeError as error:
            raise OSError(f"{self._address!r} cannot be a front-end's name: {error}") from error

    def _send(self, raw: bytes, reliable: bool) -> None:
        if reliable or len(raw) > DATAGRAM_MAX:
            with socket.create_connection((self._address, self._port), TIMEOUT_S) as connection:
                connection.sendall(raw)
        else:
            self._datagram(raw)

    def _datagram(self, raw: bytes) -> None:
        """To the IPv4 address of a name that has both, where there is a way to it.

        Nobody tells that a datagram was not heard. monitord listens at 0.0.0.0 unless told
        otherwise, and at :: hears both.
        """
        found = socket.getaddrinfo(self._address, self._port, type=socket.SOCK_DGRAM)
        trouble = OSError(f"{self._address} has no address")
        for family, kind, protocol, _, where in sorted(found, key=_is_not_ipv4):
            try:
                with socket.socket(family, kind, protocol) as datagram:
                    # Connected: without a route that fails here.
                    datagram.connect(where)
                    datagram.send(raw)
            except OSError as error:
                trouble = error
            else:
                return
        raise trouble


def _is_not_ipv4(found: tuple[object, ...]) -> bool:
    return found[0] != socket.AF_INET
