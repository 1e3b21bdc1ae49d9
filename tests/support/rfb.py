"""A viewer of a VNC console: enough of RFB 3.8 (RFC 6143) to log in, type and look."""

import socket
import struct

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

RETURN = 0xFF0D
NONE, VNC_AUTH = 1, 2


class Refused(Exception):
    """The server does not let us in."""


class Viewer:
    """A connection that passed the handshake."""

    def __init__(self, port: int, password: str = "", host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), timeout=60)
        try:
            self._shake_hands(password)
        except BaseException:
            self.socket.close()
            raise

    def type(self, text: str) -> None:
        """Press the keys of `text`, each once; a line end is Return."""
        for character in text:
            key = RETURN if character == "\n" else ord(character)
            self.socket.sendall(struct.pack(">BBxxI", 4, 1, key) + struct.pack(">BBxxI", 4, 0, key))

    def look(self) -> bytes:
        """The pixels of the whole screen, as the server's own format has them."""
        self.socket.sendall(struct.pack(">BxHi", 2, 1, 0))  # raw encoding alone
        request = struct.pack(">BBHHHH", 3, 0, 0, 0, self.width, self.height)
        self.socket.sendall(request)
        pixels = bytearray(self.width * self.height * self._pixel)
        left = self.width * self.height
        while left > 0:
            left -= self._update(pixels)
        return bytes(pixels)

    def closed(self) -> bool:
        """Whether the server hung up; waits for it or for something else it says."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def __enter__(self) -> "Viewer":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def _shake_hands(self, password: str) -> None:
        assert self._take(12) == b"RFB 003.008\n"
        self.socket.sendall(b"RFB 003.008\n")
        offered = self._take(self._take(1)[0])
        kind = VNC_AUTH if password else NONE
        if kind not in offered:
            raise Refused(f"offered are {list(offered)}")
        self.socket.sendall(bytes([kind]))
        if kind == VNC_AUTH:
            self.socket.sendall(_answer(password, self._take(16)))
        if self._take(4) != b"\0\0\0\0":
            raise Refused("wrong password")
        self.socket.sendall(b"\1")
        self.width, self.height, bits = struct.unpack(">HHB", self._take(5))
        self._pixel = bits // 8
        self._take(15)
        self.name = self._take(int.from_bytes(self._take(4), "big")).decode()

    def _update(self, pixels: bytearray) -> int:
        """How many pixels one message of the server brought."""
        kind = self._take(1)[0]
        if kind == 2:  # bell
            return 0
        if kind == 3:  # somebody copied text
            self._take(int.from_bytes(self._take(7)[3:], "big"))
            return 0
        assert kind == 0, f"unexpected message {kind}"
        (count,) = struct.unpack(">xH", self._take(3))
        taken = 0
        for _ in range(count):
            x, y, width, height, encoding = struct.unpack(">HHHHi", self._take(12))
            assert encoding == 0, encoding
            row = width * self._pixel
            for line in range(y, y + height):
                start = (line * self.width + x) * self._pixel
                pixels[start : start + row] = self._take(row)
            taken += width * height
        return taken

    def _take(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            piece = self.socket.recv(count - len(got))
            if not piece:
                raise Refused("the server hung up")
            got += piece
        return got


def _answer(password: str, challenge: bytes) -> bytes:
    """DES with the password as key, its bits mirrored, as VNC has it."""
    key = password.encode()[:8].ljust(8, b"\0")
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in key)
    cipher = Cipher(TripleDES(mirrored * 3), modes.ECB())
    return cipher.encryptor().update(challenge)
