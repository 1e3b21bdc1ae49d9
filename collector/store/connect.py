"""Connections to the database file: the writer's, its second one, and the readers'."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from collector.store import schema
from collector.store.trouble import Empty, OlderVersion

BUSY_S = 5.0
APPEND_BUSY_MS = 1_000
"""Longer, and a cycle waits in memory: the next one must not be late."""
AUTOCHECKPOINT_PAGES = 4000
"""A backstop: `maintain` checkpoints long before, so that append does not wait for fsync."""


def open_writer(path: Path) -> sqlite3.Connection:
    """A connection in WAL mode to a store of this version, made or migrated where needed."""
    db = _connect(path, "rwc")
    try:
        _bring_to_version(db)
        db.execute("PRAGMA journal_mode=WAL")
        _tune(db)
        db.execute(f"PRAGMA busy_timeout={APPEND_BUSY_MS}")
    except BaseException:
        db.close()
        raise
    return db


def _bring_to_version(db: sqlite3.Connection) -> None:
    found = schema.version(db)
    if found == 0:
        # Only an empty file can be given auto_vacuum; without it no page ever goes back.
        db.execute("PRAGMA auto_vacuum=INCREMENTAL")
        schema.create(db)
    elif found < schema.VERSION:
        schema.migrate(db)


def open_second(path: Path) -> sqlite3.Connection:
    """Another writing connection of the process that already holds the store open."""
    db = _connect(path, "rw")
    _tune(db)
    return db


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, to a store of this version."""
    return _checked(_connect(path, "ro"))


def open_orphan(path: Path) -> sqlite3.Connection:
    """A reader's connection to a store whose log has lost its index: see orphan.py.

    Without locks, and with the index in this process's memory instead of the missing file.
    """
    db = _connect(path, "ro&vfs=unix-none")
    db.execute("PRAGMA locking_mode=EXCLUSIVE")
    return _checked(db)


def _checked(db: sqlite3.Connection) -> sqlite3.Connection:
    try:
        _require_version(db)
    except BaseException:
        db.close()
        raise
    return db


def _require_version(db: sqlite3.Connection) -> None:
    found = schema.version(db)
    if found == 0:
        raise Empty
    if found < schema.VERSION:
        raise OlderVersion(found, schema.VERSION)


def _tune(db: sqlite3.Connection) -> None:
    """What every writing connection sets; none of it is kept in the file."""
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute("PRAGMA journal_size_limit=67108864")
    db.execute(f"PRAGMA wal_autocheckpoint={AUTOCHECKPOINT_PAGES}")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(os.fsencode(path))}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_S,
    )


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """One short write: all of it, or nothing of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
