"""Locks that the kernel gives back when their holder dies. Imported by hooks: keep it lean."""

import fcntl
import os
import time

from vmm.errors import DriverError
from vmm.lean.ignoring import Ignoring

POLL_SECONDS = 0.02


class exclusive:  # noqa: N801 - reads as `with lock.exclusive(path, …)`
    """Hold the lock file at `path`; DriverError when another process holds it for `timeout` s.

    The file is removed at the end unless `keep`: no trace stays of a container that is gone.
    """

    def __init__(self, path: str, timeout: float, what: str, *, keep: bool = False) -> None:
        self._path, self._timeout, self._what, self._keep = path, timeout, what, keep

    def __enter__(self) -> None:
        self._fd = _acquire(self._path, time.monotonic() + self._timeout, self._what)

    def __exit__(self, *_: object) -> None:
        if not self._keep:
            # What was done is done: a file that stays is harmless, the next holder removes it.
            with Ignoring(OSError):
                os.unlink(self._path)
        os.close(self._fd)


def is_held(path: str) -> bool:
    """Whether a process holds the lock at `path` now."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _acquire(path: str, deadline: float, what: str) -> int:
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(fd, path):
                return fd
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(fd)
                raise DriverError(
                    f"{what} is busy: another process holds {path}", "try again when it is done"
                ) from None
            time.sleep(POLL_SECONDS)
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


def _is_at(fd: int, path: str) -> bool:
    """Whether the locked file is still the one at `path`: its last holder may have removed it."""
    try:
        there = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(fd), there)
