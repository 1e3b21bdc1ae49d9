"""The only door for commands: argument lists, no shell, nothing on stdin, a bounded time.

Not by `subprocess`, which takes an action a tenth of its start to import (threading, locale and
selectors come with it).
"""

import errno
import os
import signal
import time
from collections.abc import Callable, Mapping

from vmm import process
from vmm.errors import CommandError, DriverError
from vmm.lean.ignoring import Ignoring

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_TIMEOUT = 30.0
STDERR = 2
IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


class Host:
    """Runs programs on this machine. Tests pass one that records or fails."""

    def run(
        self,
        *argv: str,
        timeout: float = DEFAULT_TIMEOUT,
        env: Mapping[str, str] | None = None,
        remedy: str = "",
        meanwhile: Callable[[], object] | None = None,
    ) -> str:
        """What the program wrote to stdout; CommandError when it fails or takes too long.

        It gets a fixed PATH and the C locale, `env` beside them, and nothing of ours. `meanwhile`
        is done while it runs; should that fail, the program is ended.
        """
        # In memory, not through pipes: nobody has to read while the program runs, and a daemon
        # that holds on to them holds up nobody.
        out, err = (os.memfd_create(name, os.MFD_CLOEXEC) for name in ("stdout", "stderr"))
        try:
            try:
                child = _begun(argv, {"PATH": PATH, "LC_ALL": "C", **(env or {})}, out, err)
            except OSError as error:
                raise DriverError(
                    f"cannot run {argv[0]}: {error.strerror}", remedy or f"install {argv[0]}"
                ) from error
            status = _status(child, timeout, meanwhile)
            if status != 0:
                raise CommandError(argv, status, "" if status is None else _text(err), remedy)
            return _text(out)
        finally:
            os.close(out)
            os.close(err)


def _begun(argv: tuple[str, ...], env: Mapping[str, str], out: int, err: int) -> int:
    """The pid of the program, which has a session of its own and no other descriptor of ours."""
    for fd in map(int, os.listdir("/proc/self/fd")):
        with Ignoring(OSError):  # the listing's own is closed by now
            if fd > STDERR:
                os.set_inheritable(fd, False)
    actions = (
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, out, 1),
        (os.POSIX_SPAWN_DUP2, err, STDERR),
    )
    program = _found(argv[0])
    return os.posix_spawn(
        program, argv, env, file_actions=actions, setsid=True, setsigdef=IGNORED_BY_PYTHON
    )


def _found(program: str) -> str:
    """The path of a program: the first of that name in PATH that can be run."""
    if "/" in program:
        return program
    for directory in PATH.split(":"):
        if os.access(f"{directory}/{program}", os.X_OK):
            return f"{directory}/{program}"
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)


def _status(child: int, timeout: float, meanwhile: Callable[[], object] | None) -> int | None:
    """The exit status, negative for a signal; None when it did not end in time and was killed."""
    deadline = time.monotonic() + timeout
    ended = False
    try:
        if meanwhile:
            meanwhile()
        with process.held(child) as pidfd:
            ended = pidfd is None or process.ended(pidfd, deadline - time.monotonic())
    finally:
        if not ended:
            # With what it started; a daemon of its own session is not reached.
            os.killpg(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status if ended else None


def _text(fd: int) -> str:
    return os.pread(fd, os.fstat(fd).st_size, 0).decode(errors="replace")
