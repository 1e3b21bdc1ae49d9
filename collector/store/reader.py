"""The reading half of the embedded store: any process, any user of the file's group."""

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from collector.model import Cycle, Series
from collector.store import CatalogueEntry, Span, connect, orphan
from collector.store.catalogue import catalogue
from collector.store.cycles import read_cycles, read_cycles_of
from collector.store.names import KeptNames, Names
from collector.store.trouble import NeedsWriter, Unusable, explain, primary_code

Answer = TypeVar("Answer")
Ask = Callable[[sqlite3.Connection, Names], Answer]

ATTEMPTS = 20
PAUSE_S = 0.05
PASSING = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}


class SqliteReader:
    """Implements `StoreReader`. Holds no connection between calls, so it needs no care.

    An open connection, even an idle one, would keep the writer from leaving a plain file when it
    closes, and an open transaction would keep its log growing. StoreError, from any call, when
    there is no store or it cannot be read. One reader may serve several threads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = KeptNames()

    def latest(self) -> Cycle | None:
        """The cycle stored last (highest seq), or None in an empty store."""
        cycles = self.recent(1)
        return cycles[0] if cycles else None

    def recent(self, cycles: int = 2) -> Sequence[Cycle]:
        """The last `cycles` whole cycles, oldest first."""
        return self._read(lambda db, names: read_cycles(db, names, cycles))

    def latest_of(self, kind: str, name: str, cycles: int = 2) -> Sequence[Cycle]:
        """The last `cycles` cycles that have this entity, oldest first, each with that one row."""

        def read(db: sqlite3.Connection, names: Names) -> Sequence[Cycle]:
            eid = names.find_entity(kind, name)
            return [] if eid is None else read_cycles_of(db, names, eid, cycles)

        return self._read(read)

    def series(self, kind: str, name: str, metric: str, span: Span) -> Sequence[Series]:
        """Every column of `metric` of one entity within `span`, one point per step."""
        return self.several(kind, name, (metric,), span)

    def several(self, kind: str, name: str, metrics: Sequence[str], span: Span) -> Sequence[Series]:
        """The series of each of `metrics`, in that order, in one pass over the store."""
        from collector.store import query

        def read(db: sqlite3.Connection, names: Names) -> Sequence[Series]:
            eid = names.find_entity(kind, name)
            return [] if eid is None else query.series(db, names, eid, metrics, span)

        return self._read(read)

    def catalogue(self) -> Sequence[CatalogueEntry]:
        """Every entity of the store with its columns."""
        return self._read(catalogue)

    def close(self) -> None:
        """Nothing is held between calls."""

    def _read(self, ask: Ask[Answer]) -> Answer:
        try:
            return self._ask_store(ask)
        except sqlite3.Error as error:
            if primary_code(error) == sqlite3.SQLITE_READONLY:
                raise explain(self._path, NeedsWriter()) from error
            raise explain(self._path, error) from error
        except (OSError, Unusable) as error:
            raise explain(self._path, error) from error

    def _ask_store(self, ask: Ask[Answer]) -> Answer:
        """The answer; tried again while a writer that starts or ends is in the way."""
        for _ in range(ATTEMPTS):
            mark = orphan.mark(self._path)
            try:
                answer = self._ask(ask, connect.open_orphan if mark else connect.open_reader)
            except sqlite3.Error as error:
                if not self._may_pass(error) and orphan.mark(self._path) == mark:
                    raise
            else:
                if mark is None or orphan.mark(self._path) == mark:
                    return answer
            time.sleep(PAUSE_S)
        return self._ask(ask, connect.open_reader)

    def _may_pass(self, error: sqlite3.Error) -> bool:
        """Whether a writer's start or end, which changes the file's mode, shows like this."""
        return primary_code(error) in PASSING and os.access(self._path, os.R_OK)

    def _ask(self, ask: Ask[Answer], connected: Callable[[Path], sqlite3.Connection]) -> Answer:
        db = connected(self._path)
        try:
            db.execute("BEGIN")
            return ask(db, self._names(db))
        finally:
            db.close()

    def _names(self, db: sqlite3.Connection) -> Names:
        (token,) = db.execute("SELECT v FROM meta WHERE k='names'").fetchone()
        self._kept = self._kept.valid_for(token)
        return Names(db, self._kept)
