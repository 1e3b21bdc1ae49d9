"""One container's screen while somebody watches: an X server, an xterm in it, a login in that.

The X server and the xterm talk with strangers, so they run without any privilege, with an id
of the container's own range; only the login, which enters the container, is root's. The xterm
gets the master of the login's terminal as an open file (its -S), and cannot open another.
"""

import asyncio
import contextlib
import os
import shutil
import termios
from collections.abc import Sequence
from dataclasses import dataclass

from vmm.console.programs import PASSWORD, SERVER, TERMINAL
from vmm.console.wanted import Wanted
from vmm.errors import DriverError
from vmm.host import PATH

COLUMNS, ROWS, BORDER = 100, 32, 2
FONT = "-misc-fixed-medium-r-normal--18-120-100-100-c-90-iso10646-1"
FONT_WIDTH, FONT_HEIGHT = 9, 18
START_SECONDS = 30.0
AGAIN_SECONDS = 1.0
END_SECONDS = 5.0
SOCKETS = "/tmp/.X11-unix"  # noqa: S108 - where X has its sockets


@dataclass(frozen=True, slots=True)
class Login:
    """What a viewer meets: a command inside the container, found by LXC in `lxc`."""

    lxc: str
    command: Sequence[str]


class Screen:
    """The processes of one screen; viewers connect to the Unix socket `socket`."""

    def __init__(self, wanted: Wanted, login: Login, directory: str) -> None:
        self._wanted = wanted
        self._login = login
        self._directory = f"{directory}/{wanted.name}"
        self.socket = f"{self._directory}/rfb"
        self._children: list[asyncio.subprocess.Process] = []
        self._fds: list[int] = []
        self._sessions: asyncio.Task[None] | None = None

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
        if self._sessions:
            self._sessions.cancel()
            await asyncio.gather(self._sessions, return_exceptions=True)
        for child in reversed(self._children):
            await _end(child)
        while self._fds:
            os.close(self._fds.pop())
        self._children.clear()
        shutil.rmtree(self._directory, ignore_errors=True)

    async def _open(self) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkdir(SOCKETS)
            os.chmod(SOCKETS, 0o1777)  # noqa: S103 - X servers of every user are to use it
        shutil.rmtree(self._directory, ignore_errors=True)  # of a server that was killed
        os.mkdir(self._directory, 0o700)
        os.chown(self._directory, self._wanted.uid, self._wanted.uid)
        cookie = os.urandom(16)
        authority = self._file("authority", _authority(cookie))
        display = await self._start_server(authority)
        terminal = await self._start_terminal(display, authority)
        self._sessions = asyncio.create_task(self._keep_session(terminal))

    async def _start_server(self, authority: str) -> str:
        """The display's number, once it takes connections."""
        reader, writer = os.pipe()
        try:
            await self._start(
                *(SERVER, "-displayfd", str(writer), "-auth", authority, "-nolisten", "tcp"),
                *("-rfbunixpath", self.socket, "-rfbport", "-1", "-AlwaysShared"),
                *("-desktop", self._wanted.name, "-depth", "16", "-geometry", _geometry()),
                *await self._security(),
                pass_fds=[writer],
            )
            os.close(writer)
            writer = -1
            display = await _line(reader)
        finally:
            os.close(reader)
            if writer >= 0:
                os.close(writer)
        if not display:
            raise DriverError(f"{self._wanted.name}: {SERVER} ended at once", "see the journal")
        return display

    async def _security(self) -> list[str]:
        if not self._wanted.password:
            return ["-SecurityTypes", "None"]
        child = await asyncio.create_subprocess_exec(
            *(PASSWORD, "-f"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={"PATH": PATH},
        )
        scrambled, _ = await child.communicate(f"{self._wanted.password}\n".encode())
        if child.returncode or not scrambled:
            raise DriverError(f"{self._wanted.name}: {PASSWORD} does not take the password")
        return ["-SecurityTypes", "VncAuth", "-PasswordFile", self._file("password", scrambled)]

    async def _start_terminal(self, display: str, authority: str) -> int:
        """The slave end of the terminal, which stays open here: logins come and go on it."""
        master, slave = os.openpty()
        self._fds += [master, slave]
        _quiet(slave)
        await self._start(
            *(TERMINAL, "-display", f":{display}", f"-S{os.ttyname(slave)[5:]}/{master}"),
            *("-geometry", f"{COLUMNS}x{ROWS}+0+0", "-b", str(BORDER), "-fn", FONT, "-u8"),
            *("-bg", "black", "-fg", "gray90", "-T", self._wanted.name),
            pass_fds=[master],
            env={"XAUTHORITY": authority},
        )
        # The first thing an xterm -S writes is the number of its window, as if it were typed.
        if not await _line(slave):
            raise DriverError(f"{self._wanted.name}: {TERMINAL} ended at once", "see the journal")
        return slave

    async def _start(
        self, *argv: str, pass_fds: Sequence[int], env: dict[str, str] | None = None
    ) -> None:
        """A child without privileges that dies with us."""
        uid = str(self._wanted.uid)
        child = await asyncio.create_subprocess_exec(
            *("setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "--no-new-privs"),
            *("--bounding-set=-all", "--inh-caps=-all", "--pdeathsig", "KILL", "--", *argv),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            pass_fds=pass_fds,
            cwd="/",
            env={"PATH": PATH, "LC_ALL": "C.UTF-8", **(env or {})},
        )
        self._children.append(child)

    async def _keep_session(self, terminal: int) -> None:
        """A login, and another after it ends: after a logout, a reboot from inside, a stop."""
        while True:
            _fresh(terminal)
            child = await asyncio.create_subprocess_exec(
                # lxc-attach talks with the controlling terminal, whatever its stdin is.
                *("setsid", "--ctty", "lxc-attach", "-n", self._wanted.name, "-P", self._login.lxc),
                *("--clear-env", "-v", "TERM=xterm", "--", *self._login.command),
                stdin=terminal,
                stdout=terminal,
                stderr=terminal,
                env={"PATH": PATH, "TERM": "xterm"},
            )
            try:
                await child.wait()
            finally:
                await _end(child)
            await asyncio.sleep(AGAIN_SECONDS)

    def _file(self, name: str, content: bytes) -> str:
        """A file that only the screen's own id reads."""
        path = f"{self._directory}/{name}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(fd, "wb") as file:
            os.fchown(fd, self._wanted.uid, self._wanted.uid)
            file.write(content)
        return path


async def _end(child: asyncio.subprocess.Process) -> None:
    """End it: in order, so that an X server removes its socket, or else at once."""
    if child.returncode is not None:
        return
    child.terminate()
    try:
        async with asyncio.timeout(END_SECONDS):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()


def _geometry() -> str:
    width, height = COLUMNS * FONT_WIDTH + 2 * BORDER, ROWS * FONT_HEIGHT + 2 * BORDER
    return f"{width}x{height}"


def _authority(cookie: bytes) -> bytes:
    """An Xauthority file that holds the cookie for every display (family 65535, Xauth(3))."""
    parts = (b"", b"", b"MIT-MAGIC-COOKIE-1", cookie)
    counted = (len(part).to_bytes(2, "big") + part for part in parts)
    return b"\xff\xff" + b"".join(counted)


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


async def _line(fd: int) -> str:
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
