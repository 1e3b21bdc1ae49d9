"""The terminal of one screen: an xterm on one side, logins into the container on the other."""

import asyncio
import os
import termios

from vmm.console import process
from vmm.console.login import Login
from vmm.console.process import Child
from vmm.console.programs import TERMINAL
from vmm.console.wanted import Wanted
from vmm.console.xserver import XServer
from vmm.host import PATH

COLUMNS, ROWS, BORDER = 100, 32, 2
FONT = "-misc-fixed-medium-r-normal--18-120-100-100-c-90-iso10646-1"
FONT_WIDTH, FONT_HEIGHT = 9, 18
GEOMETRY = f"{COLUMNS * FONT_WIDTH + 2 * BORDER}x{ROWS * FONT_HEIGHT + 2 * BORDER}"
"""Of a screen that it fills."""
AGAIN_SECONDS = 1.0


class Terminal:
    """A pseudo-terminal whose slave end stays open here: logins come and go on it.

    xterm gets the master as an open file (its -S) and can open no other.
    """

    def __init__(self, wanted: Wanted, login: Login) -> None:
        self._wanted = wanted
        self._login = login
        self._master, self._slave = os.openpty()
        self._sessions: asyncio.Task[None] | None = None

    async def start(self, server: XServer) -> Child:
        """The xterm on the screen of `server`, with a login in it."""
        _quiet(self._slave)
        child = await process.start(
            self._wanted.uid,
            *(TERMINAL, "-display", f":{server.display}"),
            f"-S{os.ttyname(self._slave).removeprefix('/dev/')}/{self._master}",
            *("-geometry", f"{COLUMNS}x{ROWS}+0+0", "-b", str(BORDER), "-fn", FONT, "-u8"),
            *("-bg", "black", "-fg", "gray90", "-T", self._wanted.name),
            pass_fds=[self._master],
            env={"XAUTHORITY": server.authority},
        )
        # The first thing an xterm -S writes is the number of its window, as if it were typed.
        await process.said(child, self._slave)
        self._sessions = asyncio.create_task(self._keep_session())
        return child

    async def close(self) -> None:
        """Hang up on whoever is logged in."""
        if self._sessions:
            self._sessions.cancel()
            await asyncio.gather(self._sessions, return_exceptions=True)
        os.close(self._slave)
        os.close(self._master)

    async def _keep_session(self) -> None:
        """A login, and another after it ends: after a logout, a reboot from inside, a stop."""
        while True:
            _fresh(self._slave)
            child = await asyncio.create_subprocess_exec(
                # lxc-attach talks with the controlling terminal, whatever its stdin is.
                *("setsid", "--ctty", "lxc-attach", "-n", self._wanted.name, "-P", self._login.lxc),
                *("--clear-env", "-v", "TERM=xterm", "--", *self._login.command),
                stdin=self._slave,
                stdout=self._slave,
                stderr=self._slave,
                env={"PATH": PATH, "TERM": "xterm"},
            )
            try:
                await child.wait()
            finally:
                await process.end(child)
            await asyncio.sleep(AGAIN_SECONDS)


def _quiet(terminal: int) -> None:
    """What xterm says of itself is not to be echoed on the screen."""
    mode = termios.tcgetattr(terminal)
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, mode)


def _fresh(terminal: int) -> None:
    """A login that was killed leaves the terminal raw; the next begins with an ordinary one."""
    mode = termios.tcgetattr(terminal)
    mode[0] |= termios.ICRNL | termios.IXON
    mode[1] |= termios.OPOST | termios.ONLCR
    mode[3] |= termios.ECHO | termios.ICANON | termios.ISIG
    termios.tcsetattr(terminal, termios.TCSANOW, mode)
