"""One container's console: a TCP port, and the screen behind it while anybody watches."""

import asyncio
import contextlib
import logging
import socket

from vmm.console import programs
from vmm.console.login import Login
from vmm.console.screen import Screen
from vmm.console.wanted import Wanted
from vmm.errors import DriverError

log = logging.getLogger(__name__)

UNWATCHED_SECONDS = 600.0
"""How long a screen stays, with whoever is logged in on it, after its last viewer left."""
PIECE = 65_536


class Listener:
    """The console of `wanted`, open between `open` and `close`."""

    def __init__(self, wanted: Wanted, login: Login, directory: str) -> None:
        self.wanted = wanted
        self._screen = Screen(wanted, login, directory)
        self._server: asyncio.Server | None = None
        self._closed = False
        self._viewers: set[asyncio.Task[None]] = set()
        self._starting = asyncio.Lock()
        self._ending: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen; OSError when the port is taken or the address is not this host's."""
        self._server = await asyncio.start_server(
            self._arrived, self.wanted.listen, self.wanted.port
        )

    async def close(self) -> None:
        """Send the viewers away, end the screen, give the port back."""
        self._closed = True
        if self._server:
            self._server.close()
        self._stay()
        waiting = [*self._viewers, *self._closing]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await self._screen.close()

    async def _arrived(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or self._closed:  # it may have come in before the port was closed
            writer.close()
            return
        self._viewers.add(task)
        self._stay()
        try:
            await self._watch(reader, writer)
        except asyncio.CancelledError:
            pass  # the console closes: asyncio would write a traceback for this task
        except (DriverError, OSError) as error:
            log.warning("%s: a viewer was sent away: %s", self.wanted.name, error)
        finally:
            writer.close()
            self._viewers.discard(task)
            if not self._viewers:
                loop = asyncio.get_running_loop()
                self._ending = loop.call_later(UNWATCHED_SECONDS, self._unwatched)

    async def _watch(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A viewer whose machine vanished says nothing: the kernel has to ask.
        peer = writer.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if lacking := programs.lacking():
            raise DriverError(lacking)
        async with self._starting:
            if not self._screen.alive:
                await self._screen.close()
                await self._screen.open()
        from_screen, to_screen = await asyncio.open_unix_connection(self._screen.socket)
        try:
            async with asyncio.TaskGroup() as both:
                up = both.create_task(_pump(reader, to_screen))
                down = both.create_task(_pump(from_screen, writer))
                up.add_done_callback(lambda _: down.cancel())
                down.add_done_callback(lambda _: up.cancel())
        finally:
            to_screen.close()

    def _stay(self) -> None:
        if self._ending:
            self._ending.cancel()
            self._ending = None

    def _unwatched(self) -> None:
        ending = asyncio.create_task(self._screen.close())
        self._closing.add(ending)
        ending.add_done_callback(self._closing.discard)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Carry bytes until either end closes."""
    with contextlib.suppress(ConnectionError):
        while piece := await source.read(PIECE):
            sink.write(piece)
            await sink.drain()
