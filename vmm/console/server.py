"""The node's console server: opens and closes listeners as containers come and go."""

import asyncio
import logging
import os
import shutil

from vmm.console import wanted
from vmm.console.listener import Listener
from vmm.console.login import Login
from vmm.console.wanted import Wanted

log = logging.getLogger(__name__)

ROUND_SECONDS = 1.0
DIRECTORY_MODE = 0o711


class Server:
    """Every console of the containers whose state is below `base`."""

    def __init__(self, base: str, login: Login, directory: str) -> None:
        self._base = base
        self._login = login
        self._directory = directory
        self._open: dict[str, Listener] = {}
        self._told: dict[str, str] = {}

    async def run(self) -> None:
        """Serve until cancelled; everything is closed then."""
        os.makedirs(self._directory, exist_ok=True)
        os.chmod(self._directory, DIRECTORY_MODE)  # the ids of the screens have to pass
        self._sweep()
        try:
            while True:
                await self.round()
                await asyncio.sleep(ROUND_SECONDS)
        finally:
            await self._close(set(self._open))
            self._sweep()

    async def round(self) -> None:
        """Make what is open equal to what is wanted now."""
        asked = wanted.scan(self._base)
        gone = {name for name, one in self._open.items() if asked.get(name) != one.wanted}
        await self._close(gone)
        for name, one in asked.items():
            if name not in self._open:
                await self._try(one)
        self._told = {name: said for name, said in self._told.items() if name in asked}

    def _sweep(self) -> None:
        """Remove what is left of screens when there is none: of a server that was killed."""
        for name in os.listdir(self._directory):
            shutil.rmtree(f"{self._directory}/{name}")

    async def _try(self, one: Wanted) -> None:
        listener = Listener(one, self._login, self._directory)
        try:
            await listener.open()
        except OSError as error:
            self._tell(one.name, f"no console on {one.listen}:{one.port}: {error.strerror}")
            return
        self._open[one.name] = listener
        self._tell(one.name, f"console on {one.listen}:{one.port}")

    def _tell(self, name: str, said: str) -> None:
        """Once, not in every round."""
        if self._told.get(name) != said:
            log.info("%s: %s", name, said)
        self._told[name] = said

    async def _close(self, names: set[str]) -> None:
        for name in sorted(names):
            await self._open[name].close()  # forgotten only then: a signal may cut this short
            del self._open[name]
            self._told.pop(name, None)
            log.info("%s: console closed", name)
