"""What can be wrong with a store, each said in one sentence: what, where, what to do."""

import errno
import os
import sqlite3
from pathlib import Path
from typing import ClassVar

from collector.plain import is_absent
from collector.store import StoreError

DISK_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
DISK_CODES = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR})


class Unusable(Exception):
    """The file cannot be used as it is; `says` takes the path and `args`."""

    says: ClassVar[str]


class NewerVersion(Unusable):
    """Written by a newer release; `args` are its version and ours."""

    says = (
        "{path} has schema version {0}, newer than this release's {1}:"
        " upgrade nebulxc, or move the file away to start a new store"
    )


class OlderVersion(Unusable):
    """A reader met what no agent of this release has migrated; `args` as above."""

    says = (
        "{path} has schema version {0}, older than this release's {1}:"
        " start the agent once, it migrates the store"
    )


class Empty(Unusable):
    """A file that a writer has made and could not yet fill."""

    says = "there is nothing in {path} yet: start the agent (nebulxc agent)"


class Foreign(Unusable):
    """A SQLite database, but not one of ours."""

    says = "{path} is a SQLite database of another program: point store.directory elsewhere"


class Damaged(Unusable):
    """What SQLite gave back whole is not what was put in; `args` is what does not fit."""

    says = "{path} is damaged ({0}): restore a backup, or move it away and restart the agent"


class NeedsWriter(Unusable):
    """A reader met a change that a crash cut short; undoing it takes the right to write."""

    says = "{path} was left in the middle of a change: start the agent once, it repairs the store"


class NoRoom(Unusable):
    """Writing would take from the reserve; `args` are MiB free and MiB to leave."""

    says = (
        "only {0} MiB are free beside {path}, less than the {1} MiB that the store leaves:"
        " free some space, or lower store.reserve"
    )


def is_disk_trouble(error: BaseException) -> bool:
    """Whether the disk is full, read-only or failing: worth another try without a restart."""
    if isinstance(error, sqlite3.Error):
        return primary_code(error) in DISK_CODES
    return isinstance(error, OSError) and error.errno in DISK_ERRNOS


def is_lack_of_room(error: BaseException) -> bool:
    """Whether an open connection is as good as before: the disk is full, or another one writes."""
    if isinstance(error, sqlite3.Error):
        return primary_code(error) in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY}
    return isinstance(error, NoRoom)


def explain(path: Path, error: BaseException) -> StoreError:
    """The error as one sentence about this store."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, Unusable):
        return StoreError(error.says.format(*error.args, path=path))
    if isinstance(error, sqlite3.Error):
        return StoreError(_explain_sqlite(path, error))
    remedy = REMEDIES.get(getattr(error, "errno", None) or 0)
    return StoreError(f"cannot use the store {path}: {error}" + (f": {remedy}" if remedy else ""))


def _explain_sqlite(path: Path, error: sqlite3.Error) -> str:
    if os.path.isdir(path):  # not Path's: it raises where we may not look
        return f"{path} is a directory, not a store: point store.directory elsewhere"
    code = primary_code(error)
    if code == sqlite3.SQLITE_CANTOPEN and is_absent(path):
        return f"there is no store at {path} yet: start the agent (nebulxc agent)"
    meaning = MEANINGS.get(code)
    return f"{path} {meaning}" if meaning else f"cannot use the store {path}: {error}"


def primary_code(error: sqlite3.Error) -> int:
    """The primary result code; 0 for errors that Python's module made up itself."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


REMEDIES = {
    errno.EACCES: "run as root, or to read it as a member of its group",
    errno.EPERM: "run as root",
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EROFS: "remount it writable, or set store.directory",
    errno.ENOTDIR: "set store.directory",
}
_FRESH = "move it away and restart the agent to start a new store"
_ACCESS = "cannot be opened: read it as root or as a member of its group"
MEANINGS = {
    sqlite3.SQLITE_NOTADB: f"is not a SQLite database: {_FRESH}",
    sqlite3.SQLITE_CORRUPT: f"is damaged: restore a backup, or {_FRESH}",
    sqlite3.SQLITE_FULL: "is on a full disk: free some space",
    sqlite3.SQLITE_READONLY: "cannot be written: check its file system and its owner",
    sqlite3.SQLITE_CANTOPEN: _ACCESS,
    sqlite3.SQLITE_PERM: _ACCESS,
    sqlite3.SQLITE_BUSY: "stayed locked: end what holds it, or see whether its disk answers",
    sqlite3.SQLITE_IOERR: "cannot be read or written (I/O error): check the disk (dmesg)",
}
