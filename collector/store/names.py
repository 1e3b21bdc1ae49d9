"""The reader's way back from short numbers to entities and columns."""

import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from collector.model import Column, Columns, Entity, Kind, Row
from collector.store.text import escape, load_column, load_labels, unescape


class KeptNames:
    """What a reader remembers between calls, valid while the store's `names` token is `token`."""

    def __init__(self, token: object = None) -> None:
        self.token = token
        self.layouts: dict[int, Columns] = {}
        self.entities: dict[int, Entity] = {}

    def valid_for(self, token: object) -> "KeptNames":
        """Itself, or a new one where the token changed."""
        return self if token == self.token else KeptNames(token)


class Names:
    """Entities and columns by number, within one open transaction."""

    def __init__(self, db: sqlite3.Connection, kept: KeptNames) -> None:
        self._db = db
        self._layouts = kept.layouts
        self._entities = kept.entities

    def row(self, stored: Sequence[Any]) -> Row:
        """A row from its (eid, lid, gen, doubles)."""
        eid, lid, generation, doubles = stored
        return Row(self.entity(eid), generation, self.layout(lid), array("d", doubles))

    def entity(self, eid: int) -> Entity:
        """The entity of this number."""
        if eid not in self._entities:
            kind, name, labels = self._db.execute(
                "SELECT kind,name,labels FROM entity WHERE eid=?", [eid]
            ).fetchone()
            self._entities[eid] = Entity(unescape(kind), unescape(name), load_labels(labels))
        return self._entities[eid]

    def layout(self, lid: int) -> Columns:
        """The columns of this layout: the same object every time."""
        if lid not in self._layouts:
            self._layouts[lid] = tuple(map(self.column, self.cids(lid)))
        return self._layouts[lid]

    def cids(self, lid: int) -> Sequence[int]:
        """The column numbers of a layout, in the order of its values."""
        (cids,) = self._db.execute("SELECT cids FROM layout WHERE lid=?", [lid]).fetchone()
        return array("I", cids)

    def column(self, cid: int) -> Column:
        """The column of this number."""
        found = self._db.execute("SELECT metric,labels FROM col WHERE cid=?", [cid]).fetchone()
        return load_column(found)

    def find_entity(self, kind: str, name: str) -> int | None:
        """The number of an entity, None if the store never saw it."""
        found = self._db.execute(
            "SELECT eid FROM entity WHERE kind=? AND name=?", [escape(kind), escape(name)]
        ).fetchone()
        return None if found is None else int(found[0])

    def find_columns(self, metric: str) -> dict[int, tuple[Column, Kind]]:
        """Every column of a metric, of whichever entity, with what it was when first stored."""
        found: Iterable[Any] = self._db.execute(
            "SELECT cid, metric, labels, kind FROM col WHERE metric=?", [escape(metric)]
        )
        return {cid: (load_column(row), Kind(kind)) for cid, *row, kind in found}
