"""The writer's short numbers for boots, entities and layouts, made at first sight.

The caches hold what the current connection has committed or is about to: after a rollback they
must be thrown away with the object.
"""

import sqlite3
from array import array
from collections.abc import Callable
from typing import Any

from collector.model import Column, Columns, Entity, Kind
from collector.store.schema import NEW_NAMES
from collector.store.text import dump_labels, escape

KindOf = Callable[[str], Kind]

Known = tuple[Entity, Columns, int, int]

CACHE_LIMIT = 8192
"""Entries per cache before it starts anew: a host whose devices come and go must not fill it."""


def kind_by_name(metric: str) -> Kind:
    """The naming rule: a counter's name ends in _total."""
    return Kind.COUNTER if metric.endswith("_total") else Kind.GAUGE


class Ids:
    """Numbers for what cycles mention. Rows keep the same objects for long, so `is` comes first."""

    def __init__(self, db: sqlite3.Connection, kind_of: KindOf) -> None:
        self._db = db
        self._kind_of = kind_of
        self._boots: dict[str, int] = {}
        self._columns: dict[Column, int] = {}
        self._entities: dict[Entity, int] = {}
        # By id(); the objects beside their numbers keep those ids from being given to others.
        self._rows: dict[int, Known] = {}
        self._layouts: dict[int, tuple[Columns, int]] = {}

    def boot(self, boot_id: str) -> int:
        """This boot's number."""
        if boot_id not in self._boots:
            self._db.execute(
                "INSERT INTO boot(boot_id) VALUES(?) ON CONFLICT DO NOTHING", [boot_id]
            )
            self._boots[boot_id] = self._one("SELECT boot FROM boot WHERE boot_id=?", boot_id)
        return self._boots[boot_id]

    def row(self, entity: Entity, columns: Columns, wall_ms: int) -> Known:
        """A row's entity and columns with their numbers, the entity's before the layout's."""
        known = self._rows.get(id(entity))
        if known is None or known[1] is not columns:
            known = self._rows[id(entity)] = self._learn(entity, columns, wall_ms)
        return known

    def _learn(self, entity: Entity, columns: Columns, wall_ms: int) -> Known:
        eid, lid = self._entity(entity, wall_ms), self._layout(columns)
        self._db.execute("INSERT INTO seen VALUES(?,?) ON CONFLICT DO NOTHING", [eid, lid])
        _bound(self._rows)
        return entity, columns, eid, lid

    def _entity(self, entity: Entity, wall_ms: int) -> int:
        if (eid := self._entities.get(entity)) is not None:
            return eid
        kind, name, labels = escape(entity.kind), escape(entity.name), dump_labels(entity.labels)
        self._db.execute(
            "INSERT INTO entity(kind,name,labels,first_ms,last_ms) VALUES(?,?,?,?,?)"
            " ON CONFLICT(kind,name) DO NOTHING",
            [kind, name, labels, wall_ms, wall_ms],
        )
        eid, stored = self._db.execute(
            "SELECT eid, labels FROM entity WHERE kind=? AND name=?", [kind, name]
        ).fetchone()
        if stored != labels:
            self._db.execute("UPDATE entity SET labels=? WHERE eid=?", [labels, eid])
            self._db.execute(NEW_NAMES)
        self._entities = {e: n for e, n in self._entities.items() if n != eid}
        _bound(self._entities)
        self._entities[entity] = eid
        return int(eid)

    def _layout(self, columns: Columns) -> int:
        known = self._layouts.get(id(columns))
        if known is not None:
            return known[1]
        cids = array("I", map(self._column, columns)).tobytes()
        self._db.execute("INSERT INTO layout(cids) VALUES(?) ON CONFLICT DO NOTHING", [cids])
        lid = self._one("SELECT lid FROM layout WHERE cids=?", cids)
        _bound(self._layouts)
        self._layouts[id(columns)] = columns, lid
        return lid

    def _column(self, column: Column) -> int:
        if (cid := self._columns.get(column)) is not None:
            return cid
        metric, labels = escape(column.metric), dump_labels(column.labels)
        self._db.execute(
            "INSERT INTO col(metric,labels,kind) VALUES(?,?,?) ON CONFLICT DO NOTHING",
            [metric, labels, self._kind_of(column.metric).value],
        )
        cid = self._one("SELECT cid FROM col WHERE metric=? AND labels=?", metric, labels)
        _bound(self._columns)
        self._columns[column] = cid
        return cid

    def _one(self, sql: str, *args: object) -> int:
        return int(self._db.execute(sql, args).fetchone()[0])


def _bound(cache: dict[Any, Any]) -> None:
    if len(cache) >= CACHE_LIMIT:
        cache.clear()
