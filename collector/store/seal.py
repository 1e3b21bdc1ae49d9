"""Sealing: a full hour of the head becomes a raw slice and a slice of minutes.

Chunks are written a few entities at a time, so that neither memory nor the wait for the write
lock grows with the number of containers. One last transaction shows both slices and moves
`sealed_to`; from then on readers take these cycles from there, and deleting them from the head
may take its time or be cut short.
"""

import sqlite3
from array import array
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter

from collector.model import Kind
from collector.store import slices
from collector.store.columns import streams_of
from collector.store.connect import transaction
from collector.store.frame import Frame, Times, roll_up

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
MAX_CYCLES = 4_000
"""Per slice: an hour at one second and a little; shorter intervals make shorter slices."""
KEEP_CYCLES = 120
"""The newest cycles always stay in the head, where whole cycles can be read from."""
ROWS = 4_000
"""Of the head, read at once: with 40 columns 2 MB, whatever the interval is."""

HeadRow = tuple[int, int, int, int, bytes]
Stop = Callable[[], bool]


def due(db: sqlite3.Connection) -> Times | None:
    """The cycles that the next slice would hold, None if there is nothing to seal yet."""
    found = db.execute(
        "SELECT seq, wall_ms, mono_ns, boot FROM cycle"
        " WHERE seq > (SELECT v FROM meta WHERE k='sealed_to') ORDER BY seq LIMIT ?",
        [MAX_CYCLES + KEEP_CYCLES],
    ).fetchall()
    _, first = next(groupby(found, key=_hour_of_boot), (None, iter(())))
    cycles = list(first)[:MAX_CYCLES]
    if not cycles or len(found) < len(cycles) + KEEP_CYCLES:
        return None
    seq, wall, mono, _ = zip(*cycles, strict=True)
    return Times(seq, wall, mono)


def _hour_of_boot(cycle: Sequence[int]) -> tuple[int, int]:
    return cycle[1] // HOUR_MS, cycle[3]


def seal(db: sqlite3.Connection, times: Times, stop: Stop) -> bool:
    """Move these cycles out of the head; False when asked to stop before that was done."""
    first, last = times.seq[0], times.seq[-1]
    minutes = times.ranges(MINUTE_MS)
    raw = slices.make(slices.RAW, first, last, times)
    rolled = slices.make(slices.FRESH, first, last, times.at_ends(minutes))
    kinds = read_kinds(db)
    layouts = _Layouts(db)
    slices.clear_unshown(db, slices.RAW, first - 1)
    slices.clear_unshown(db, slices.FRESH, first - 1)
    for eids in _batches(db, first, last):
        if stop():
            return False
        frames = _frames(db, layouts, first, last, eids)
        whole = {eid: slices.dump_frame(f, len(times.seq)) for eid, f in frames.items()}
        short = {
            eid: slices.dump_frame(roll_up(f, times, minutes, kinds), len(minutes))
            for eid, f in frames.items()
        }
        with transaction(db):
            slices.add_chunks(db, raw, whole)
            slices.add_chunks(db, rolled, short)
    with transaction(db):
        slices.add(db, raw)
        slices.add(db, rolled)
        db.execute("UPDATE meta SET v=? WHERE k='sealed_to'", [last])
    return True


def read_kinds(db: sqlite3.Connection) -> dict[int, Kind]:
    """What each column is, as it was when it was first stored."""
    return {cid: Kind(kind) for cid, kind in db.execute("SELECT cid, kind FROM col")}


def _batches(db: sqlite3.Connection, first: int, last: int) -> Sequence[tuple[int, int]]:
    """Ranges of entity numbers, a few entities each."""
    eids = [
        eid
        for (eid,) in db.execute(
            "SELECT DISTINCT eid FROM head WHERE seq BETWEEN ? AND ? ORDER BY eid", [first, last]
        )
    ]
    count = max(1, ROWS // (last - first + 1))
    batches = (eids[start : start + count] for start in range(0, len(eids), count))
    return [(batch[0], batch[-1]) for batch in batches]


def _frames(
    db: sqlite3.Connection, layouts: "_Layouts", first: int, last: int, eids: tuple[int, int]
) -> dict[int, Frame]:
    """The frames of a range of entities, places counted from the cycle `first`."""
    rows: list[HeadRow] = db.execute(
        "SELECT h.seq - ?, h.eid, h.lid, h.gen, h.b FROM cycle c"
        " CROSS JOIN head h ON h.seq=c.seq AND h.eid BETWEEN ? AND ?"
        " WHERE c.seq BETWEEN ? AND ? ORDER BY c.seq",
        [first, *eids, first, last],
    ).fetchall()
    rows.sort(key=itemgetter(1))
    return {eid: _frame(list(own), layouts) for eid, own in groupby(rows, key=itemgetter(1))}


def _frame(rows: Sequence[HeadRow], layouts: "_Layouts") -> Frame:
    streams = streams_of([(row[2], row[4]) for row in rows], layouts.cids)
    return Frame([r[0] for r in rows], [r[3] for r in rows], [0] * len(rows), streams)


class _Layouts:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._known: dict[int, Sequence[int]] = {}

    def cids(self, lid: int) -> Sequence[int]:
        if lid not in self._known:
            (cids,) = self._db.execute("SELECT cids FROM layout WHERE lid=?", [lid]).fetchone()
            self._known[lid] = array("I", cids)
        return self._known[lid]


def clear_head(db: sqlite3.Connection, batch: int) -> int:
    """Delete some sealed cycles, the oldest first; how many, 0 when none are left."""
    (sealed_to,) = db.execute("SELECT v FROM meta WHERE k='sealed_to'").fetchone()
    (first,) = db.execute("SELECT min(seq) FROM cycle").fetchone()
    if first is None or first > sealed_to:
        return 0
    last = min(first + batch - 1, sealed_to)
    with transaction(db):
        db.execute("DELETE FROM head WHERE seq BETWEEN ? AND ?", [first, last])
        db.execute("DELETE FROM cycle WHERE seq BETWEEN ? AND ?", [first, last])
    return int(last - first + 1)
