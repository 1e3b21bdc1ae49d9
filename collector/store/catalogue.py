"""What the store knows: every entity, the columns it ever had, first and last reading."""

import sqlite3

from collector.model import Column
from collector.store import CatalogueEntry
from collector.store.names import Names


def catalogue(db: sqlite3.Connection, names: Names) -> list[CatalogueEntry]:
    """One entry per entity, in the order in which they were first seen."""
    columns: dict[int, dict[Column, None]] = {}
    for eid, lid in db.execute("SELECT eid, lid FROM seen ORDER BY eid, lid"):
        columns.setdefault(eid, {}).update(dict.fromkeys(names.layout(lid)))
    now = _present(db)
    return [
        CatalogueEntry(names.entity(eid), tuple(columns.get(eid, ())), first, now.get(eid, last))
        for eid, first, last in db.execute("SELECT eid,first_ms,last_ms FROM entity ORDER BY eid")
    ]


def _present(db: sqlite3.Connection) -> dict[int, int]:
    """When the entities of the newest cycle were read; the others' `last_ms` was kept."""
    return dict(
        db.execute(
            "SELECT h.eid, c.wall_ms FROM cycle c JOIN head h USING(seq)"
            " WHERE c.seq=(SELECT max(seq) FROM cycle)"
        ).fetchall()
    )
