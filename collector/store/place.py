"""The store's directory on disk: who may enter it, and which process writes.

SQLite gives its log and index files the mode and owner of the database, so only the database
itself has to be made right. Closing any descriptor of the database file would drop SQLite's own
POSIX locks in this process, so the writer's flock is on a file of its own.
"""

import fcntl
import grp
import logging
import os
from pathlib import Path

from collector.store import StoreError

log = logging.getLogger(__name__)

DIR_MODE = 0o2750
FILE_MODE = 0o640
LOCK_NAME = "writer.lock"
SUFFIXES = ("", "-wal", "-shm", "-journal")


def prepare_directory(path: Path, group: str | int | None) -> None:
    """Make the store's directory: 2750, of the given group. One with other files is left as is."""
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True)
    own = {f"{path.name}{suffix}" for suffix in SUFFIXES} | {LOCK_NAME}
    if own.issuperset(os.listdir(path.parent)):
        _own(str(path.parent), group_id(group), DIR_MODE)
    else:
        log.warning("%s holds other files: who may enter it is left as it is", path.parent)


def prepare_file(path: Path, group: str | int | None) -> None:
    """Make the database, still empty where it is new, 0640 and of the given group."""
    if not path.exists():  # never open one that SQLite may hold: see above
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE))
    for suffix in SUFFIXES:
        if os.path.exists(file := f"{path}{suffix}"):
            _own(file, group_id(group), FILE_MODE)


def _own(path: str, gid: int, mode: int) -> None:
    status = os.stat(path)
    if gid not in (-1, status.st_gid):
        os.chown(path, -1, gid)
    if status.st_mode & 0o7777 != mode:
        os.chmod(path, mode)


def group_id(group: str | int | None) -> int:
    """The group's number, -1 for "leave it"."""
    if group is None or isinstance(group, int):
        return -1 if group is None else group
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise StoreError(
            f"the store's group {group!r} does not exist: create it (groupadd --system {group})"
        ) from error


def take_lock(path: Path) -> int:
    """A descriptor that makes this process the store's one writer until it is closed."""
    lock = path.parent / LOCK_NAME
    # 0600: whoever may open it, even for reading, could hold the lock and keep the agent out.
    fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        raise StoreError(
            f"another agent is writing to {path}: stop it first, or give this one another store"
        ) from error
    return fd


def disk_bytes(path: Path) -> int:
    """What the database and its log take."""
    total = 0
    for suffix in SUFFIXES:
        try:
            total += os.stat(f"{path}{suffix}").st_size
        except FileNotFoundError:
            continue
    return total
