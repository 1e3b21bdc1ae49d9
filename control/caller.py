"""Ends an action whose caller is gone: what comes up after that, OpenNebula knows nothing of.

When ssh breaks no signal comes: the only trace is that nobody reads our stdout any more. The
kernel tells that by SIGIO on a pipe or socket in O_ASYNC mode, without a thread, which would make
every fork of the driver unsafe.
"""

import fcntl
import os
import select
import signal
from types import FrameType

ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def watch(fd: int = 1) -> None:
    """Turn signals that end us, and the end of whoever reads `fd`, into SystemExit.

    By default SIGTERM kills Python without unwinding, so without undoing anything.
    """
    for number in ENDINGS:
        signal.signal(number, _end)
    signal.signal(signal.SIGIO, lambda *_: _end_if_unread(fd))
    try:
        fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
    except OSError:
        return  # a plain file has no reader to lose
    _end_if_unread(fd)


def is_gone(fd: int = 1) -> bool:
    """Whether nobody can read what is written to `fd`."""
    poll = select.poll()
    poll.register(fd, 0)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _end_if_unread(fd: int) -> None:
    """SIGIO comes for every byte that is read, too."""
    if is_gone(fd):
        _end(signal.SIGHUP, None)
