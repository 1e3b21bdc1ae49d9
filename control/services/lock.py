"""One agent per store: a lock that also tells who holds it."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from control.problem import Problem

LOCKS = Path("/run/nebulxc")


@contextlib.contextmanager
def held(store: Path, locks: Path = LOCKS) -> Iterator[None]:
    """This process is the agent of the store in `store` during this block.

    The lock is not in the store's directory: an agent must start on a full disk, too.
    """
    name = f"agent{str(store).replace('/', '-')}.pid"
    with _opened(locks, name) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(
                f"an agent is already running (pid {file.read().strip()}) with the store in"
                f" {store}: look with `nebulxc top`, or end that one first"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _opened(locks: Path, name: str) -> IO[str]:
    try:
        locks.mkdir(exist_ok=True)
        # 0600: whoever may open the file can hold its lock and keep the agent from starting.
        fd = os.open(locks / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Problem(f"cannot lock {locks / name}: {error.strerror}") from error
    return os.fdopen(fd, "r+", encoding="ascii")
