"""A network of its own for a browser, from which this machine's loopback ports can be reached.

Chromium drops every request (ERR_NETWORK_CHANGED) when an interface of its network comes or goes,
and those of containers do all the time.
"""

import contextlib
import ctypes
import os
import socket
import threading
from collections.abc import Iterator

from support.busybox import run

CLONE_NEWNET = 0x40000000
_OWN = "/proc/thread-self/ns/net"
_libc = ctypes.CDLL(None, use_errno=True)


class Network:
    """Has nothing but a loopback interface."""

    def __init__(self) -> None:
        outside = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _must(_libc.unshare(CLONE_NEWNET))
            try:
                self._inside = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
                run("ip", "link", "set", "lo", "up")
            finally:
                _must(_libc.setns(outside, CLONE_NEWNET))
        finally:
            os.close(outside)
        self._doors: dict[int, Door] = {}

    def __enter__(self) -> "Network":
        return self

    def __exit__(self, *_: object) -> None:
        for door in self._doors.values():
            door.close()
        os.close(self._inside)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This thread, and what it starts, is in it for this block."""
        outside = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _must(_libc.setns(self._inside, CLONE_NEWNET))
            try:
                yield
            finally:
                _must(_libc.setns(outside, CLONE_NEWNET))
        finally:
            os.close(outside)

    def reach(self, port: int) -> None:
        """Let 127.0.0.1:`port` in it lead to that port of this machine."""
        if port not in self._doors:
            with self.entered():
                listening = socket.create_server(("127.0.0.1", port))
            self._doors[port] = Door(listening, port)


class Door:
    """Passes each connection on to a port of this machine."""

    def __init__(self, listening: socket.socket, port: int) -> None:
        self._listening, self._port = listening, port
        self._open: set[threading.Thread] = set()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more connections; the open ones end with the browser."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()
        for thread in self._open:
            thread.join(60)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._listening.accept()
                thread = threading.Thread(target=self._pass, args=(accepted,), daemon=True)
                self._open = {each for each in self._open if each.is_alive()} | {thread}
                thread.start()

    def _pass(self, accepted: socket.socket) -> None:
        with accepted:
            try:
                connected = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                return
            with connected:
                back = threading.Thread(target=_pump, args=(connected, accepted), daemon=True)
                back.start()
                _pump(accepted, connected)
                back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """All that `source` says, to `sink`; then both are done."""
    with contextlib.suppress(OSError):
        while said := source.recv(65536):
            sink.sendall(said)
    for each in (source, sink):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _must(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
