"""One container's screen while somebody watches: an X server, an xterm in it, a login in that.

The X server and the xterm talk with strangers, so they run without any privilege, with an id
of the container's own range; only the login, which enters the container, is root's.
"""

import asyncio
import os
import shutil

from vmm.console import process, terminal, xserver
from vmm.console.login import Login
from vmm.console.process import Child
from vmm.console.terminal import Terminal
from vmm.console.wanted import Wanted
from vmm.errors import DriverError

START_SECONDS = 30.0


class Screen:
    """The processes of one screen; viewers connect to the Unix socket `socket`."""

    def __init__(self, wanted: Wanted, login: Login, directory: str) -> None:
        self._wanted = wanted
        self._login = login
        self._directory = f"{directory}/{wanted.name}"
        self.socket = f"{self._directory}/rfb"
        self._children: list[Child] = []
        self._terminal: Terminal | None = None

    @property
    def alive(self) -> bool:
        """Whether everything of it runs."""
        running = all(child.returncode is None for child in self._children)
        return bool(self._children) and running

    async def open(self) -> None:
        """Start it; DriverError when that fails, with nothing left."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._open()
        except TimeoutError:
            await self.close()
            raise DriverError(f"{self._wanted.name}: the X server does not come up") from None
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End every process of it and remove its files."""
        if self._terminal:
            await self._terminal.close()
            self._terminal = None
        while self._children:
            await process.end(self._children[-1])
            self._children.pop()
        shutil.rmtree(self._directory, ignore_errors=True)

    async def _open(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)  # of a server that was killed
        os.mkdir(self._directory, 0o700)
        os.chown(self._directory, self._wanted.uid, self._wanted.uid)
        server = await xserver.start(self._wanted, self._directory, self.socket, terminal.GEOMETRY)
        self._children.append(server.child)
        self._terminal = Terminal(self._wanted, self._login)
        self._children.append(await self._terminal.start(server))
