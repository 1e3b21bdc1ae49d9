"""The newest cycles for a process that lives for 30 ms: no model, no module but sqlite3.

What `SqliteReader.recent` gives, as far as a probe needs it. Anything unusual (no store, another
version, a lock, a change cut short) is `None`: the reader proper then waits, or says what is wrong.
Not in `collector.store`, whose import alone would take longer than all of this.
"""

from __future__ import annotations

import sqlite3

from collector.lookup import Lookup, Side

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from collector.model import Labels

    Columns = dict[str, list[tuple[Labels, int]]]

APPLICATION_ID, VERSION = 0x4E425843, 1
"""As in store/schema.py; a test holds them together."""
_PLAIN = frozenset("/._-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Brief(Lookup):
    """One entity's newest row beside the one before it."""

    __slots__ = ("_earlier", "_kind", "_name", "_now")

    def __init__(self, kind: str, name: str, now: Side, earlier: Side | None) -> None:
        self._kind, self._name = kind, name
        self._now, self._earlier = now, earlier

    @property
    def kind(self) -> str:
        """The entity's kind."""
        return self._kind

    @property
    def name(self) -> str:
        """The entity's name."""
        return self._name

    def now(self) -> Side:
        """The newest row."""
        return self._now

    def earlier(self) -> Side | None:
        """The row before it."""
        return self._earlier


class Newest:
    """The newest cycle: when it was read, and the entities that were asked for."""

    __slots__ = ("boot_id", "entities", "mono_ns", "wall_ms")

    def __init__(self, wall_ms: int, mono_ns: int, boot_id: str, entities: list[Brief]) -> None:
        self.wall_ms, self.mono_ns, self.boot_id = wall_ms, mono_ns, boot_id
        self.entities = entities


def newest(path: str, kinds: Sequence[str], *, rates: bool = True) -> Newest | None:
    """The newest cycle's entities of these kinds; `rates` False leaves out the cycle before."""
    if not all(letter in _PLAIN for letter in path):
        return None  # a URI would need quoting
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, timeout=1)
    except sqlite3.Error:
        return None
    try:
        db.execute("BEGIN")
        return _newest(db, kinds, 2 if rates else 1) if _is_ours(db) else None
    except (sqlite3.Error, ValueError):
        return None
    finally:
        db.close()


def _is_ours(db: sqlite3.Connection) -> bool:
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return bool(application == APPLICATION_ID and version == VERSION)


def _newest(db: sqlite3.Connection, kinds: Sequence[str], count: int) -> Newest | None:
    stamps = db.execute(
        "SELECT c.seq, c.wall_ms, c.mono_ns, b.boot_id FROM cycle c JOIN boot b USING(boot)"
        " ORDER BY c.seq DESC LIMIT ?",
        (count,),
    ).fetchall()
    if not stamps:
        return None
    names = {
        eid: (kind, _text(name))
        for eid, kind, name in db.execute(
            f"SELECT eid, kind, name FROM entity WHERE kind IN ({_marks(kinds)})",  # noqa: S608
            kinds,
        )
    }
    layouts = _Layouts(db)
    sides = [_sides(db, layouts, seq, mono_ns, names) for seq, _, mono_ns, _ in stamps]
    before = sides[1] if len(sides) > 1 and stamps[0][3] == stamps[1][3] else {}
    entities = [Brief(*names[eid], side, before.get(eid)) for eid, side in sides[0].items()]
    _, wall_ms, mono_ns, boot_id = stamps[0]
    return Newest(wall_ms, mono_ns, boot_id, entities)


def _sides(
    db: sqlite3.Connection, layouts: _Layouts, seq: int, mono_ns: int, names: Iterable[int]
) -> dict[int, Side]:
    rows = db.execute("SELECT eid, lid, gen, b FROM head WHERE seq=?", (seq,))
    return {
        eid: Side(layouts.index(lid), memoryview(doubles).cast("d"), generation, mono_ns)
        for eid, lid, generation, doubles in rows.fetchall()
        if eid in names
    }


class _Layouts:
    """Positions by metric of each layout, read when it is first met."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._known: dict[int, Columns] = {}
        self._columns: dict[int, tuple[str, Labels]] = {}

    def index(self, lid: int) -> Columns:
        found = self._known.get(lid)
        if found is None:
            (cids,) = self._db.execute("SELECT cids FROM layout WHERE lid=?", (lid,)).fetchone()
            found = self._known[lid] = {}
            for position, cid in enumerate(memoryview(cids).cast("I")):
                metric, labels = self._columns.get(cid) or self._column(cid)
                found.setdefault(metric, []).append((labels, position))
        return found

    def _column(self, cid: int) -> tuple[str, Labels]:
        row = self._db.execute("SELECT metric, labels FROM col WHERE cid=?", (cid,)).fetchone()
        found = self._columns[cid] = _text(row[0]), _labels(row[1])
        return found


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))


def _text(escaped: str) -> str:
    """As store/text.py's unescape, whose import of json would take 10 ms."""
    if "\\" not in escaped:
        return escaped
    from collector.store.text import unescape

    return unescape(escaped)


def _labels(json: str) -> Labels:
    """As store/text.py's load_labels: without escapes, every second part is a string."""
    if "\\" in json:
        from collector.store.text import load_labels

        return load_labels(json)
    strings = json.split('"')[1::2]
    return tuple(zip(strings[::2], strings[1::2], strict=True))
