"""One agent per store: a lock that also tells who holds it."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from control.problem import Problem

NAME = "agent.pid"


@contextlib.contextmanager
def held(directory: Path) -> Iterator[None]:
    """This process is the agent of the store in `directory` during this block."""
    # 0600: whoever may open the file can hold a lock on it and keep the agent from starting.
    fd = os.open(directory / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "r+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = file.read().strip()
            raise Problem(
                f"an agent is already running (pid {pid}) with the store in {directory}:"
                " look with `nebulxc top`, or end that one first"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        file.truncate(0)
