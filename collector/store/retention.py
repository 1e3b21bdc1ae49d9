"""Forgetting: slices too old, or more than the disk may hold. The head is never touched."""

import json
import os
import sqlite3
from pathlib import Path

from collector.model import Stamp
from collector.store import place, slices
from collector.store.connect import transaction
from collector.store.job import Job
from collector.store.schema import NEW_NAMES
from collector.store.settings import GIB, StoreSettings

DAY_MS = 86_400_000
JUMP_MS = 3_600_000
TRUST_NS = 24 * 3_600_000_000_000
CHUNKS = 16
"""Deleted per transaction."""
VACUUM_PAGES = 512
"""Given back per transaction: two mebibytes."""
LOW_WATER = 0.98
"""How much of the limit is left in use after it was passed, so that it is not passed at once."""


def clock_trusted(db: sqlite3.Connection, now: Stamp) -> bool:
    """Whether the wall clock may decide that something is old; called regularly.

    One that jumped by more than an hour within a boot must first stay so for a day: a clock
    set a year ahead by mistake must not empty the store. The store remembers a jump, so that a
    restart does not end the wait.
    """
    found = db.execute("SELECT v FROM meta WHERE k='clock'").fetchone()
    boot_id, offset_ms, from_ns = json.loads(found[0]) if found else ("", 0, 0)
    if boot_id != now.boot_id:
        from_ns = 0
    elif abs(_offset_ms(now) - offset_ms) > JUMP_MS:
        from_ns = now.mono_ns + TRUST_NS
    else:
        return bool(now.mono_ns >= from_ns)
    kept = json.dumps([now.boot_id, _offset_ms(now), from_ns])
    db.execute("INSERT OR REPLACE INTO meta VALUES('clock', ?)", [kept])
    return from_ns == 0


def _offset_ms(stamp: Stamp) -> int:
    return stamp.wall_ms - stamp.mono_ns // 1_000_000


def expire_by_age(db: sqlite3.Connection, settings: StoreSettings, now_ms: int) -> None:
    """Hide every slice past its tier's retention; fresh minutes end by being folded."""
    for tier, days in kept_days(settings).items():
        if tier != slices.FRESH:
            db.execute(
                "UPDATE slice SET dying=1 WHERE tier=? AND dying=0 AND until_ms<?",
                [tier, now_ms - round(days * DAY_MS)],
            )


def forget_names(db: sqlite3.Connection, settings: StoreSettings, now_ms: int) -> None:
    """Drop entities last read longer ago than any tier keeps; not those that are read now."""
    before = now_ms - round(max(kept_days(settings).values()) * DAY_MS)
    with transaction(db):
        (oldest,) = db.execute("SELECT min(wall_ms) FROM cycle").fetchone()
        if oldest is None or oldest < before:
            return
        gone = db.execute(
            "DELETE FROM entity WHERE last_ms<? AND eid NOT IN"
            " (SELECT eid FROM head WHERE seq=(SELECT max(seq) FROM cycle)) RETURNING eid",
            [before],
        ).fetchall()
        if gone:
            db.executemany("DELETE FROM seen WHERE eid=?", gone)
            db.execute(NEW_NAMES)


def kept_days(settings: StoreSettings) -> dict[int, float]:
    """Each tier's retention."""
    return {
        slices.RAW: settings.raw_days,
        slices.FRESH: settings.minute_days,
        slices.MINUTE: settings.minute_days,
        slices.HOUR: settings.hour_days,
    }


def expire_by_size(job: Job, now_ms: int) -> None:
    """Delete the relatively oldest slices until the store fits its limit."""
    limit = limit_bytes(job.path, job.settings)
    if not 0 < limit < used_bytes(job.db):  # a reserve beyond reach is no reason to delete
        return
    while used_bytes(job.db) > limit * LOW_WATER and not job.stop():
        if not _hide_oldest(job.db, job.settings, now_ms):
            return
        reap(job)


def _hide_oldest(db: sqlite3.Connection, settings: StoreSettings, now_ms: int) -> bool:
    """Hide one slice of the tier that reaches furthest back for its retention."""
    days = kept_days(settings)
    oldest = db.execute(
        "SELECT tier, min(first_seq), until_ms FROM slice WHERE dying=0 GROUP BY tier"
    ).fetchall()
    if not oldest:
        return False
    tier, first_seq, _ = max(oldest, key=lambda row: (now_ms - row[2]) / max(days[row[0]], 1e-9))
    db.execute("UPDATE slice SET dying=1 WHERE tier=? AND first_seq=?", [tier, first_seq])
    return True


def reap(job: Job) -> None:
    """Delete what is hidden, a few chunks at a time."""
    db = job.db
    for tier, first_seq in db.execute("SELECT tier, first_seq FROM slice WHERE dying=1").fetchall():
        while _reap_chunks(db, tier, first_seq):
            if job.stop():
                return
        db.execute("DELETE FROM slice WHERE tier=? AND first_seq=?", [tier, first_seq])


def _reap_chunks(db: sqlite3.Connection, tier: int, first_seq: int) -> int:
    with transaction(db):
        return db.execute(
            "DELETE FROM chunk WHERE rowid IN"
            " (SELECT rowid FROM chunk WHERE tier=? AND first_seq=? LIMIT ?)",
            [tier, first_seq, CHUNKS],
        ).rowcount


def give_back(job: Job) -> None:
    """Return the log and free pages to the file system while the store is over its limit."""
    while _over_limit(job) and not job.stop():
        job.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        (free,) = job.db.execute("PRAGMA freelist_count").fetchone()
        if not free or not _over_limit(job):
            return
        job.db.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})").fetchall()


def _over_limit(job: Job) -> bool:
    return 0 < limit_bytes(job.path, job.settings) < place.disk_bytes(job.path)


def limit_bytes(path: Path, settings: StoreSettings) -> int:
    """How large the store may be now: its cap, or less where the disk's reserve asks for it."""
    status = os.statvfs(path.parent)
    cap = settings.size_cap_bytes
    if cap is None:
        cap = min(5 * GIB, status.f_blocks * status.f_frsize // 10)
    free = status.f_bavail * status.f_frsize
    return min(cap, place.disk_bytes(path) + free - settings.free_reserve_bytes)


def used_bytes(db: sqlite3.Connection) -> int:
    """What the database needs, its free pages not counted."""
    (size,) = db.execute("PRAGMA page_size").fetchone()
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    (free,) = db.execute("PRAGMA freelist_count").fetchone()
    return int(size * (pages - free))
