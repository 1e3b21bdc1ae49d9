"""Whole cycles read back from the head."""

import sqlite3
from collections.abc import Sequence

from collector.model import Cycle, Stamp
from collector.store.names import Names


def read_cycles(db: sqlite3.Connection, names: Names, count: int) -> list[Cycle]:
    """The last `count` cycles with all their rows, oldest first."""
    rows = "SELECT eid, lid, gen, b FROM head WHERE seq=?"
    return [
        Cycle(stamp, tuple(map(names.row, db.execute(rows, [seq]))), seq)
        for seq, stamp in _stamps(db, count)
    ]


def read_cycles_of(db: sqlite3.Connection, names: Names, eid: int, count: int) -> list[Cycle]:
    """The last `count` cycles that have a row of this entity, each with that row alone."""
    found = db.execute(
        "SELECT c.seq, c.wall_ms, c.mono_ns, b.boot_id, h.eid, h.lid, h.gen, h.b FROM cycle c"
        " CROSS JOIN boot b ON b.boot=c.boot CROSS JOIN head h ON h.seq=c.seq AND h.eid=?"
        " ORDER BY c.seq DESC LIMIT ?",
        [eid, count],
    ).fetchall()
    return [Cycle(Stamp(*row[1:4]), (names.row(row[4:]),), row[0]) for row in reversed(found)]


def _stamps(db: sqlite3.Connection, count: int) -> Sequence[tuple[int, Stamp]]:
    found = db.execute(
        "SELECT c.seq, c.wall_ms, c.mono_ns, b.boot_id FROM cycle c JOIN boot b USING(boot)"
        " ORDER BY c.seq DESC LIMIT ?",
        [count],
    ).fetchall()
    return [(row[0], Stamp(*row[1:])) for row in reversed(found)]
