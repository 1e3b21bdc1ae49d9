"""Directories that appear and vanish, told by inotify: one system call per cycle when none did."""

import contextlib
import ctypes
import errno
import os
from pathlib import Path

_IN_CREATE, _IN_DELETE, _IN_ONLYDIR = 0x100, 0x200, 0x01000000
_EVENTS_SIZE = 64 * 1024


class Watch:
    """The watched directories. Without inotify (its limits are per user) everything may differ."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)

    def add(self, directory: Path) -> None:
        """Watch `directory` too; again after it was removed and made anew."""
        if self._fd >= 0:
            mask = _IN_CREATE | _IN_DELETE | _IN_ONLYDIR
            if self._libc.inotify_add_watch(self._fd, os.fsencode(directory), mask) < 0:
                self._give_up(ctypes.get_errno())

    def changed(self) -> bool:
        """Whether an entry was made or removed since the last call."""
        if self._fd < 0:
            return True
        found = False
        with contextlib.suppress(BlockingIOError):
            while os.read(self._fd, _EVENTS_SIZE):
                found = True
        return found

    def fileno(self) -> int:
        """A descriptor that polls readable when something changed; -1 without inotify."""
        return self._fd

    def close(self) -> None:
        """Watch nothing more."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _give_up(self, error: int) -> None:
        # A directory that is gone again is no reason; no room for a watch (ENOSPC) is.
        if error not in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
            self.close()
