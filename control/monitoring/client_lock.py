"""One monitord client per host id: the new one ends the old one and takes its place."""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from collector.pidfd import opened
from control.problem import Problem

DIRECTORY = Path("/var/tmp/one_db")  # noqa: S108 - OpenNebula's own, rsync spares it; checked below
GRACE_S = 5.0
_LOOK_S = 0.05


@contextlib.contextmanager
def held(host_id: int, directory: Path = DIRECTORY) -> Iterator[IO[str]]:
    """This process (or a child that inherits the file) is the client of `host_id` in this block."""
    with _opened(host_id, directory) as file:
        _take(file)
        yield file


def tell_pid(file: IO[str]) -> None:
    """Leave this process's number for whoever wants to end it."""
    file.seek(0)
    file.truncate()
    file.write(f"{os.getpid()}\n")
    file.flush()


def end(host_id: int, directory: Path = DIRECTORY) -> bool:
    """End the client of `host_id`; whether there was one."""
    with _opened(host_id, directory) as file:
        return _take(file)


def _take(file: IO[str]) -> bool:
    """Lock `file`, ending who holds it: politely, then after GRACE_S not; whether one did."""
    holder, since, asked, ended = None, time.monotonic(), False, False
    while not _locked(file):
        if (now := _holder(file)) != holder:  # of several that start at once another was quicker
            holder, since, asked = now, time.monotonic(), False
        waited = time.monotonic() - since
        if waited > 2 * GRACE_S:
            raise Problem(f"{file.name}: the client that holds it cannot be ended: end it by hand")
        if not asked or waited > GRACE_S:
            asked = _signal(file, signal.SIGKILL if waited > GRACE_S else signal.SIGTERM)
            ended |= asked
        time.sleep(_LOOK_S)
    file.truncate(0)  # a number that nobody here has any more may be anybody's
    return ended


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _signal(file: IO[str], number: signal.Signals) -> bool:
    """Signal the holder once it has told its number: `_take` removes that of the one before."""
    pid = _holder(file)
    target = None if pid is None else opened(pid)
    if target is None:
        return False
    try:
        if _holder(file) != pid or _locked(file):
            return False
        signal.pidfd_send_signal(target, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(target)
    return True


def _holder(file: IO[str]) -> int | None:
    file.seek(0)
    said = file.read().strip()
    return int(said) if said.isascii() and said.isdigit() and int(said) > 1 else None


def _opened(host_id: int, directory: Path) -> IO[str]:
    path = directory / f"nebulxc-monitord-{host_id}.pid"
    try:
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        owner = directory.stat().st_uid
        if owner not in (0, os.geteuid()):
            raise Problem(f"{directory} belongs to user {owner}: remove it, or run as that user")
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Problem(f"cannot lock {path}: {error.strerror}") from error
    return os.fdopen(fd, "r+", encoding="ascii")
