"""One line from a descriptor that a child writes to, without blocking the server."""

import asyncio
import os


async def read(fd: int) -> str:
    """The next line of `fd` without its end; "" when nothing comes any more."""
    os.set_blocking(fd, False)
    try:
        line = b""
        while not line.endswith(b"\n"):
            await _readable(fd)
            piece = os.read(fd, 1)
            if not piece:
                return ""
            line += piece
        return line.decode("ascii", "replace").strip()
    except OSError:
        return ""
    finally:
        os.set_blocking(fd, True)


async def _readable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(fd)
