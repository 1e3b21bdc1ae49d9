"""The X server that draws one screen and speaks VNC: TigerVNC's."""

import asyncio
import contextlib
import os
from dataclasses import dataclass

from vmm.console import process
from vmm.console.process import Child
from vmm.console.programs import PASSWORD, SERVER
from vmm.console.wanted import Wanted
from vmm.errors import DriverError
from vmm.host import PATH

SOCKETS = "/tmp/.X11-unix"  # noqa: S108 - where X has its sockets


@dataclass(frozen=True, slots=True)
class XServer:
    """A server that takes connections: of viewers on `socket`, of clients on `display`."""

    child: Child
    display: str
    authority: str
    """The file that lets a client in."""


async def start(wanted: Wanted, directory: str, socket: str, geometry: str) -> XServer:
    """Start it with its files in `directory`; DriverError when it does not come up."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(SOCKETS)
        os.chmod(SOCKETS, 0o1777)  # noqa: S103 - X servers of every user are to use it
    authority = _file(wanted, f"{directory}/authority", _authority(os.urandom(16)))
    security = await _security(wanted, directory)
    reader, writer = os.pipe()
    try:
        try:
            child = await process.start(
                wanted.uid,
                *(SERVER, "-displayfd", str(writer), "-auth", authority, "-nolisten", "tcp"),
                *("-rfbunixpath", socket, "-rfbport", "-1", "-AlwaysShared"),
                *("-desktop", wanted.name, "-depth", "16", "-geometry", geometry, *security),
                pass_fds=[writer],
            )
        finally:
            os.close(writer)
        return XServer(child, await process.said(child, reader), authority)
    finally:
        os.close(reader)


async def _security(wanted: Wanted, directory: str) -> list[str]:
    """The options that make viewers give the password, which is on no command line."""
    if not wanted.password:
        return ["-SecurityTypes", "None"]
    child = await asyncio.create_subprocess_exec(
        *(PASSWORD, "-f"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": PATH},
    )
    scrambled, _ = await child.communicate(f"{wanted.password}\n".encode())
    if child.returncode or not scrambled:
        raise DriverError(f"{wanted.name}: {PASSWORD} does not take the password")
    path = _file(wanted, f"{directory}/password", scrambled)
    return ["-SecurityTypes", "VncAuth", "-PasswordFile", path]


def _file(wanted: Wanted, path: str, content: bytes) -> str:
    """A file that only the screen's own id reads."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(fd, "wb") as file:
        os.fchown(fd, wanted.uid, wanted.uid)
        file.write(content)
    return path


def _authority(cookie: bytes) -> bytes:
    """An Xauthority file that holds the cookie for every display (family 65535, Xauth(3))."""
    parts = (b"", b"", b"MIT-MAGIC-COOKIE-1", cookie)
    counted = (len(part).to_bytes(2, "big") + part for part in parts)
    return b"\xff\xff" + b"".join(counted)
