"""Ends an action whose caller is gone: what comes up after that, OpenNebula knows nothing of.

When ssh breaks no signal comes: the only trace is that nobody reads our stdout any more. The
kernel tells that by SIGIO on a pipe or socket in O_ASYNC mode, without a thread, which would make
every fork of the driver unsafe.
"""

import contextlib
import fcntl
import os
import select
import signal
from collections.abc import Iterator
from types import FrameType

ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@contextlib.contextmanager
def watched(fd: int = 1) -> Iterator[None]:
    """Turn signals that end us, and the end of whoever reads `fd`, into SystemExit meanwhile.

    By default SIGTERM kills Python without unwinding, so without undoing anything.
    """
    for number in ENDINGS:
        signal.signal(number, _end)
    signal.signal(signal.SIGIO, lambda *_: _end_if_unread(fd))
    try:
        _ask(fd, os.getpid(), os.O_ASYNC)
        _end_if_unread(fd)
        yield
    finally:
        try:
            # First: for a signal that comes while its handler goes Python prints a traceback.
            _ask(fd, 0, 0)
        finally:
            # Python's own end resets handlers, and SIGIO's default would kill us in mid-answer.
            signal.signal(signal.SIGIO, signal.SIG_IGN)


def is_gone(fd: int = 1) -> bool:
    """Whether nobody can read what is written to `fd`."""
    poll = select.poll()
    poll.register(fd, 0)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))


def _ask(fd: int, owner: int, mode: int) -> None:
    """Have SIGIO sent to `owner`; a plain file has no reader to lose and need not know it."""
    with contextlib.suppress(OSError):
        fcntl.fcntl(fd, fcntl.F_SETOWN, owner)
        flags = fcntl.fcntl(fd, fcntl.F_GETFL) & ~os.O_ASYNC
        fcntl.fcntl(fd, fcntl.F_SETFL, flags | mode)


def _end(number: int, _frame: FrameType | None) -> None:
    """Once is enough: a second one would cut short the undoing that the first has begun.

    A handler, not SIG_IGN, which the programs that undo something would inherit.
    """
    for ending in (*ENDINGS, signal.SIGIO):
        signal.signal(ending, lambda *_: None)
    raise SystemExit(128 + number)


def _end_if_unread(fd: int) -> None:
    """SIGIO comes for every byte that is read, too."""
    if is_gone(fd):
        _end(signal.SIGHUP, None)
