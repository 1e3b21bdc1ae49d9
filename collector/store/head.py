"""The head: the newest cycles as they came, one row of doubles per entity, in order of time."""

import logging
import sqlite3
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from collector.model import Columns, Cycle, Entity, Stamp
from collector.store.ids import Ids

log = logging.getLogger(__name__)

FIELDS = 5
ROWS = 1_000
"""Per statement; SQLite takes 32,766 parameters."""

OVERHEAD = 200
"""Bytes of Python's objects around a row of doubles, about."""

PackedRow = tuple[Entity, Columns, int, bytes]


@dataclass(frozen=True, slots=True)
class Packed:
    """A cycle ready to be stored: one bytes object per row instead of a float per value."""

    stamp: Stamp
    rows: Sequence[PackedRow]
    size: int


def pack(cycle: Cycle) -> Packed:
    """The cycle's rows as native doubles; ValueError for a row that does not fit its columns."""
    rows = []
    size = OVERHEAD
    for row in cycle.rows:
        if len(row.values) != len(row.columns):
            raise ValueError(
                f"{row.entity.kind} {row.entity.name!r}: {len(row.values)} values"
                f" for {len(row.columns)} columns"
            )
        # The collector's are an array: its copy takes a quarter of the time.
        values = row.values if isinstance(row.values, array) else array("d", row.values)
        doubles = values.tobytes()
        size += len(doubles) + OVERHEAD
        rows.append((row.entity, row.columns, row.generation, doubles))
    return Packed(cycle.stamp, rows, size)


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
        _, _, eid, lid = ids.row(entity, columns, stamp.wall_ms)
        eids.append(eid)
        fields += (seq, eid, lid, generation, values)
    if _insert_rows(db, fields) != len(eids):
        twice = {
            row[0].name for eid, row in zip(eids, packed.rows, strict=True) if eids.count(eid) > 1
        }
        log.warning(
            "cycle %d has two rows of %s: the first was kept", seq, ", ".join(sorted(twice))
        )
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
