"""The head: the newest cycles as they came, one row of doubles per entity, in order of time."""

import logging
import sqlite3
from array import array
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from collector.model import MISSING, Columns, Cycle, Entity, Row, Stamp
from collector.store.frame import VALUE, Streams, key
from collector.store.ids import Ids
from collector.store.names import Names

log = logging.getLogger(__name__)

FIELDS = 5
ROWS = 1_000
"""Per statement; SQLite takes 32,766 parameters."""

PackedRow = tuple[Entity, Columns, int, bytes]


@dataclass(frozen=True, slots=True)
class Packed:
    """A cycle ready to be stored: one bytes object per row instead of a float per value."""

    stamp: Stamp
    rows: tuple[PackedRow, ...]
    size: int


def pack(cycle: Cycle) -> Packed:
    """The cycle's rows as native doubles; ValueError for a row that does not fit its columns."""
    rows = tuple((r.entity, r.columns, r.generation, _doubles(r)) for r in cycle.rows)
    return Packed(cycle.stamp, rows, sum(len(row[3]) + 200 for row in rows) + 200)


def _doubles(row: Row) -> bytes:
    if len(row.values) != len(row.columns):
        raise ValueError(
            f"{row.entity.kind} {row.entity.name!r}: {len(row.values)} values"
            f" for {len(row.columns)} columns"
        )
    return array("d", row.values).tobytes()


def insert(db: sqlite3.Connection, ids: Ids, seq: int, packed: Packed) -> list[int]:
    """Add one cycle inside the caller's transaction; the numbers of its entities."""
    stamp = packed.stamp
    db.execute(
        "INSERT INTO cycle VALUES(?,?,?,?)",
        (seq, stamp.wall_ms, stamp.mono_ns, ids.boot(stamp.boot_id)),
    )
    eids: list[int] = []
    fields: list[Any] = []
    for entity, columns, generation, values in packed.rows:
        eid, lid = ids.row(entity, columns, stamp.wall_ms)
        eids.append(eid)
        fields += (seq, eid, lid, generation, values)
    if _insert_rows(db, fields) != len(eids):
        log.warning("cycle %d has two rows of one entity: the first of each was kept", seq)
    return eids


def _insert_rows(db: sqlite3.Connection, fields: list[Any]) -> int:
    """Add rows given field after field; how many were added.

    Many rows per statement: executemany gives up Python's lock at every row, and each time it
    would queue behind whatever the upkeep thread is computing.
    """
    added = 0
    for start in range(0, len(fields), ROWS * FIELDS):
        part = fields[start : start + ROWS * FIELDS]
        rows = ",".join(["(?,?,?,?,?)"] * (len(part) // FIELDS))
        added += db.execute(f"INSERT OR IGNORE INTO head VALUES{rows}", part).rowcount
    return added


def last_seq(db: sqlite3.Connection) -> int:
    """The highest seq ever stored, 0 in an empty store. The newest cycles are never expired."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM cycle").fetchone()[0])


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


def streams_of(
    rows: Sequence[tuple[int, bytes]],
    cids_of: Callable[[int], Sequence[int]],
    wanted: Container[int] | None = None,
) -> Streams:
    """The wanted columns of an entity's (layout, doubles); missing where a layout lacks one."""
    lids = dict.fromkeys(lid for lid, _ in rows)
    if len(lids) == 1:
        return dict(_columns([b for _, b in rows], cids_of(rows[0][0]), wanted))
    streams: Streams = {}
    for lid in lids:
        places = [place for place, row in enumerate(rows) if row[0] == lid]
        for name, values in _columns([rows[p][1] for p in places], cids_of(lid), wanted):
            whole = streams.setdefault(name, array("d", [MISSING]) * len(rows))
            for place, value in zip(places, values, strict=True):
                whole[place] = value
    return streams


def _columns(
    rows: Sequence[bytes], cids: Sequence[int], wanted: Container[int] | None
) -> Iterator[tuple[int, "array[float]"]]:
    """(stream, values) of the wanted columns of rows of one layout."""
    table = array("d", b"".join(rows))
    for place, cid in enumerate(cids):
        if wanted is None or cid in wanted:
            yield key(cid, VALUE), table[place :: len(cids)]
