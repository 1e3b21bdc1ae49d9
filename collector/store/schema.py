"""The tables of the embedded store, and how a file of an older version becomes one of this.

The version is SQLite's `user_version`; `application_id` tells our files from other programs'.
"""

import sqlite3
from collections.abc import Callable, Mapping

from collector.store.trouble import Foreign, NewerVersion

APPLICATION_ID = 0x4E425843  # "NBXC"
VERSION = 1

TABLES = """
CREATE TABLE meta(k TEXT PRIMARY KEY, v) WITHOUT ROWID;
CREATE TABLE boot(boot INTEGER PRIMARY KEY, boot_id TEXT NOT NULL UNIQUE);
CREATE TABLE entity(
    eid INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL,
    labels TEXT NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, UNIQUE(kind, name));
CREATE TABLE col(
    cid INTEGER PRIMARY KEY AUTOINCREMENT, metric TEXT NOT NULL, labels TEXT NOT NULL,
    kind TEXT NOT NULL, UNIQUE(metric, labels));
CREATE TABLE layout(lid INTEGER PRIMARY KEY AUTOINCREMENT, cids BLOB NOT NULL UNIQUE);
CREATE TABLE seen(eid INTEGER, lid INTEGER, PRIMARY KEY(eid, lid)) WITHOUT ROWID;
CREATE TABLE cycle(
    seq INTEGER PRIMARY KEY, wall_ms INTEGER NOT NULL, mono_ns INTEGER NOT NULL,
    boot INTEGER NOT NULL);
CREATE TABLE head(
    seq INTEGER, eid INTEGER, lid INTEGER NOT NULL, gen INTEGER NOT NULL, b BLOB NOT NULL,
    PRIMARY KEY(seq, eid)) WITHOUT ROWID;
CREATE TABLE slice(
    tier INTEGER, first_seq INTEGER, last_seq INTEGER NOT NULL, since_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL, dying INTEGER NOT NULL DEFAULT 0, b BLOB NOT NULL,
    PRIMARY KEY(tier, first_seq));
CREATE TABLE chunk(
    tier INTEGER, first_seq INTEGER, eid INTEGER, b BLOB NOT NULL,
    PRIMARY KEY(tier, first_seq, eid));
CREATE VIEW shown AS
    SELECT tier, first_seq, last_seq, since_ms, until_ms, b FROM slice WHERE dying=0;
INSERT INTO meta VALUES('sealed_to', 0), ('folded_to', 0), ('names', hex(randomblob(8)));
"""

NEW_NAMES = "UPDATE meta SET v=hex(randomblob(8)) WHERE k='names'"
"""Run whenever a number's meaning changes: readers keep names for as long as this value stays."""

Migration = Callable[[sqlite3.Connection], None]

MIGRATIONS: Mapping[int, Migration] = {}
"""From each older version to the next; every step runs inside one transaction."""


def version(db: sqlite3.Connection) -> int:
    """The file's schema version, 0 for an empty file; Foreign or NewerVersion if unusable."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (found,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION_ID and (tables or found):
        raise Foreign
    if found > VERSION:
        raise NewerVersion(found, VERSION)
    return int(found)


def create(db: sqlite3.Connection) -> None:
    """Make the tables in an empty file, all or none."""
    db.executescript(
        f"BEGIN IMMEDIATE; {TABLES} PRAGMA application_id={APPLICATION_ID};"
        f" PRAGMA user_version={VERSION}; COMMIT;"
    )


def migrate(
    db: sqlite3.Connection,
    steps: Mapping[int, Migration] = MIGRATIONS,
    target: int = VERSION,
) -> None:
    """Bring an older file to `target`, one transaction per step: a crash leaves a whole version."""
    while (found := db.execute("PRAGMA user_version").fetchone()[0]) < target:
        db.execute("BEGIN IMMEDIATE")
        try:
            steps[found](db)
            db.execute(f"PRAGMA user_version={found + 1}")
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")
