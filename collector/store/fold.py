"""Folding: a day of fresh minutes becomes one slice of minutes and one of hours.

A chunk of a day is smaller and read faster than 24 chunks of its hours.
"""

import logging
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import groupby

from collector.store import slices
from collector.store.connect import transaction
from collector.store.frame import Frame, Times, join_streams, roll_up
from collector.store.seal import HOUR_MS, Stop, read_kinds
from collector.store.slices import Slice
from collector.store.trouble import Damaged

log = logging.getLogger(__name__)

DAY_MS = 24 * HOUR_MS


def due(db: sqlite3.Connection) -> list[Slice]:
    """The fresh slices of the oldest day that is over and not folded; empty if none is."""
    found = db.execute(
        "SELECT * FROM shown WHERE tier=?"
        " AND first_seq > (SELECT v FROM meta WHERE k='folded_to') ORDER BY first_seq",
        [slices.FRESH],
    ).fetchall()
    days = [list(day) for _, day in groupby(map(slices.load, found), key=_day)]
    return days[0] if len(days) > 1 else []


def _day(of: Slice) -> int:
    return of.since_ms // DAY_MS


def fold(db: sqlite3.Connection, day: Sequence[Slice], stop: Stop) -> bool:
    """Replace these slices; False when asked to stop before that was done."""
    parts = [slices.load_times(part.b) for part in day]
    times = _joined_times(parts)
    hours = times.ranges(HOUR_MS)
    first, last = day[0].first_seq, day[-1].last_seq
    long = slices.make(slices.MINUTE, first, last, times)
    longer = slices.make(slices.HOUR, first, last, times.at_ends(hours))
    kinds = read_kinds(db)
    slices.clear_unshown(db, slices.MINUTE, first - 1)
    slices.clear_unshown(db, slices.HOUR, first - 1)
    for eid in _eids(db, day):
        if stop():
            return False
        frame = _joined(_frames(db, day, parts, eid))
        minutes = slices.dump_frame(frame, len(times.seq))
        rolled = slices.dump_frame(roll_up(frame, times, hours, kinds), len(hours))
        with transaction(db):
            slices.add_chunks(db, long, {eid: minutes})
            slices.add_chunks(db, longer, {eid: rolled})
    with transaction(db):
        slices.add(db, long)
        slices.add(db, longer)
        slices.hide(db, slices.FRESH, last)
        db.execute("UPDATE meta SET v=? WHERE k='folded_to'", [last])
    return True


def _joined_times(parts: Iterable[Times]) -> Times:
    columns = zip(*(part.columns() for part in parts), strict=True)
    return Times(*([n for column in same for n in column] for same in columns))


def _eids(db: sqlite3.Connection, day: Sequence[Slice]) -> Sequence[int]:
    found = db.execute(
        "SELECT DISTINCT eid FROM chunk WHERE tier=? AND first_seq BETWEEN ? AND ?",
        [slices.FRESH, day[0].first_seq, day[-1].first_seq],
    ).fetchall()
    return [eid for (eid,) in found]


def _frames(
    db: sqlite3.Connection, day: Sequence[Slice], parts: Sequence[Times], eid: int
) -> list[tuple[int, Frame]]:
    """The entity's frame of each slice that has one, with the slice's first place in the day."""
    found, start = [], 0
    for part, times in zip(day, parts, strict=True):
        row = db.execute(
            "SELECT b FROM chunk WHERE tier=? AND first_seq=? AND eid=?",
            [part.tier, part.first_seq, eid],
        ).fetchone()
        if row is not None:
            try:
                found.append((start, slices.load_frame(row[0], len(times.seq))))
            except Damaged as error:  # one chunk's loss must not stop the upkeep of all others
                log.warning("slice %d of entity %d is left out: %s", part.first_seq, eid, error)
        start += len(times.seq)
    return found


def _joined(parts: Sequence[tuple[int, Frame]]) -> Frame:
    """One frame of several that follow each other."""
    return Frame(
        [start + place for start, frame in parts for place in frame.present],
        [generation for _, frame in parts for generation in frame.generations],
        [lag for _, frame in parts for lag in frame.lag_ns],
        join_streams([(len(frame.present), frame.streams) for _, frame in parts]),
    )
