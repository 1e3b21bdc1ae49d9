"""The other side of the wire, written from the protocol: what oned would keep."""

import contextlib
import errno
import random
import re
import socket
import threading
import time
import zlib
from base64 import b64decode

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from support.busybox import until

Template = list[tuple[str, str | dict[str, str]]]

PORTS = range(10_240, 32_768)
"""Below those that the kernel gives to whoever connects: one stays free while nobody listens."""
_MARK = b"caught up"

# The rules of oned's lexer: a quoted string is the longest run of non-quotes and escaped quotes.
_TOKEN = re.compile(
    r'[ \t\n]*([A-Za-z0-9_]+)[ \t]*=[ \t]*(?:(\[)[ \t\n]*|("(?:\\"|[^"])*")|([^=#\s,\[\]]+))'
)
_PAIR = re.compile(
    r'[ \t\n]*([A-Za-z0-9_]+)[ \t]*=[ \t]*(?:("(?:\\"|[^"])*")|([^=#\s,\[\]]+))[ \t\n]*([,\]])'
)


def parse_template(text: str) -> Template:
    """Names and values as oned keeps them; raises ValueError where its grammar would refuse."""
    if any("]]>" in line for line in text.split("\n")):
        raise ValueError("]]> aborts the parser")
    found: Template = []
    at = 0
    while text[at:].strip(" \t\n"):
        token = _TOKEN.match(text, at)
        if not token:
            raise ValueError(f"syntax error at {text[at : at + 40]!r}")
        at = token.end()
        if token[2]:
            pairs, at = _pairs(text, at)
            found.append((token[1], pairs))
        else:
            found.append((token[1], _value(token[3], token[4])))
    return found


def _pairs(text: str, at: int) -> tuple[dict[str, str], int]:
    pairs: dict[str, str] = {}
    while True:
        pair = _PAIR.match(text, at)
        if not pair:
            raise ValueError(f"syntax error in a vector at {text[at : at + 40]!r}")
        pairs.setdefault(pair[1].upper(), _value(pair[2], pair[3]))
        at = pair.end()
        if pair[4] == "]":
            return pairs, at


def _value(quoted: str | None, bare: str) -> str:
    return bare if quoted is None else quoted[1:-1].replace('\\"', '"')


def open_message(raw: bytes, key: RSAPrivateKey | None = None) -> tuple[str, str, int, int, str]:
    """(type, outcome, host id, epoch, text) of one datagram or stream, as monitord reads it."""
    kind, outcome, host_id, epoch, payload = raw.split(b" ", 4)
    text = zlib.decompress(b64decode(payload))
    if key is not None:
        size = key.key_size // 8
        blocks = (text[at : at + size] for at in range(0, len(text), size))
        text = b"".join(key.decrypt(block, PKCS1v15()) for block in blocks)
    return kind.decode(), outcome.decode(), int(host_id), int(epoch), text.decode()


class Monitord:
    """Listens as monitord does, UDP and TCP on one port of the loopback, and keeps what came."""

    def __init__(self, port: int = 0, key: RSAPrivateKey | None = None) -> None:
        self._key = key
        self.messages: list[tuple[float, str, str, int, int, str]] = []
        """(monotonic seconds, type, outcome, host id, epoch, text) in order of arrival."""
        self._marks, self._counting = 0, threading.Lock()
        self.port, self._stream, self._datagram = bound(port)
        self._stream.listen()
        self._open = True
        self._threads = [threading.Thread(target=t) for t in (self._streams, self._datagrams)]

    def __enter__(self) -> "Monitord":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        self._send(b"")
        for thread in self._threads:
            thread.join()
        self._stream.close()
        self._datagram.close()

    def caught_up(self) -> float:
        """Wait until all that was sent before is kept; the time, for what comes from now on."""
        marks = self._marks
        self._send(_MARK)
        until(lambda: self._marks == marks + 2, "what was sent before")
        return time.monotonic()

    def texts(self, kind: str) -> list[str]:
        """What came of one type."""
        return [text for _, found, _, _, _, text in list(self.messages) if found == kind]

    def _send(self, raw: bytes) -> None:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(type=kind) as out:
                out.connect(("127.0.0.1", self.port))
                out.send(raw)

    def _streams(self) -> None:
        while self._open:
            connection, _ = self._stream.accept()
            with connection, connection.makefile("rb") as file:
                self._keep(file.read())

    def _datagrams(self) -> None:
        while self._open:
            self._keep(self._datagram.recv(65536))

    def _keep(self, raw: bytes) -> None:
        if raw == _MARK:
            with self._counting:
                self._marks += 1
        elif raw:
            self.messages.append((time.monotonic(), *open_message(raw, self._key)))


def bound(port: int) -> tuple[int, socket.socket, socket.socket]:
    """`port` (0: any that is free for both kinds) and its sockets, for streams and datagrams."""
    while True:
        chosen = port or random.choice(PORTS)
        with contextlib.ExitStack() as failing:
            stream = failing.enter_context(socket.socket())
            datagram = failing.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                for each in (stream, datagram):
                    each.bind(("127.0.0.1", chosen))
            except OSError as error:
                if port or error.errno != errno.EADDRINUSE:
                    raise
                continue
            failing.pop_all()
            return chosen, stream, datagram
