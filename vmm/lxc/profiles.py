"""LXC_PROFILES: files with lines of LXC configuration, by plain names from one directory.

OpenNebula's sync puts them where oneadmin can write. So their lines are read and checked like
those of RAW/DATA, never included by path; only a file that none but root can change passes whole.
"""

import os
import stat
from collections.abc import Iterable

from vmm.errors import DriverError
from vmm.lxc import raw
from vmm.lxc.raw import Filtered
from vmm.mounting import mounts
from vmm.policy import NodePolicy
from vmm.spec import RawLine
from vmm.values import shown

MAX_BYTES = 1 << 16
TRUSTED = frozenset({0})
"""Owners whose files pass whole."""
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH


def load(names: Iterable[str], policy: NodePolicy) -> Filtered:
    """The lines of the named profiles in order, and warnings; a missing one is a warning too,
    as the stock driver has it."""
    lines: list[RawLine] = []
    warnings: list[str] = []
    for name in names:
        found = _one(f"{policy.profiles}/{name}", policy)
        lines += found.lines
        warnings += found.warnings
    return Filtered(tuple(lines), tuple(warnings))


def _one(path: str, policy: NodePolicy) -> Filtered:
    try:
        text, trusted = _read(path)
    except FileNotFoundError:
        return Filtered((), (f"profile {path} does not exist: left out",))
    except (OSError, UnicodeDecodeError) as problem:
        raise DriverError(f"profile {path} cannot be read: {problem}") from problem
    lines = raw.parse(text)
    return _whole(lines, path) if trusted else raw.filtered(lines, policy, path)


def _whole(lines: tuple[RawLine, ...], path: str) -> Filtered:
    """Every line of root's own: also one without a value, which clears what was set before."""
    for line in lines:
        if not raw.is_line(line):
            raise DriverError(
                f"profile {path}: {shown(line.key)} is not a line of an LXC configuration",
                "correct it",
            )
    return Filtered(lines, ())


def _read(path: str) -> tuple[str, bool]:
    """The text, and whether only root can have written it. No symlink is followed, lest lines
    of a file that only root may read come back in a warning."""
    fd = mounts.open_without_links(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            raise OSError(f"not a regular file of at most {MAX_BYTES} bytes")
        text = file.read(MAX_BYTES).decode("utf-8")
    return text, _roots_own(status) and all(_roots_own(os.stat(up)) for up in _parents(path))


def _parents(path: str) -> Iterable[str]:
    while path != "/":
        path = os.path.dirname(path)
        yield path


def _roots_own(status: os.stat_result) -> bool:
    """A directory with the sticky bit lets others add names, not replace root's."""
    sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    return status.st_uid in TRUSTED and (bool(sticky) or not status.st_mode & _WRITABLE)
