"""A store file that is open for writing, and where its cycles have got to."""

import logging
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from collector.store import connect
from collector.store.head import Packed, insert, last_seq
from collector.store.ids import Ids, KindOf

log = logging.getLogger(__name__)


class Opened:
    """The writer's connection with what it knows of the file; thrown away after an error."""

    def __init__(self, path: Path, kind_of: KindOf) -> None:
        """Opens, makes or migrates the file; raises whatever SQLite raises."""
        self._path = path
        self._kind_of = kind_of
        self.db = connect.open_writer(path)
        try:
            self.ids = Ids(self.db, kind_of)
            self._token = self._names_token()
            self.seq = last_seq(self.db)
            self._inode = os.stat(path).st_ino
            self._wall_ms, self._eids = self._newest()
        except BaseException:
            self.db.close()
            raise

    def _newest(self) -> tuple[int, list[int]]:
        """When the newest cycle was read and whom it had."""
        found = self.db.execute("SELECT wall_ms FROM cycle WHERE seq=?", [self.seq]).fetchone()
        rows = self.db.execute("SELECT eid FROM head WHERE seq=?", [self.seq])
        return (found[0] if found else 0), [eid for (eid,) in rows]

    def is_in_place(self) -> bool:
        """Whether the path still leads to this file."""
        try:
            return os.stat(self._path).st_ino == self._inode
        except FileNotFoundError:
            return False

    def store(self, cycles: Iterable[Packed]) -> int:
        """Add these cycles, all or none; how many they were."""
        seq, wall_ms, eids = self.seq, self._wall_ms, self._eids
        with connect.transaction(self.db):
            self._trust_ids()
            for packed in cycles:
                seq += 1
                present = insert(self.db, self.ids, seq, packed)
                if present != eids:
                    self._mark_last(set(eids).difference(present), wall_ms)
                wall_ms, eids = packed.stamp.wall_ms, present
        added = seq - self.seq
        self.seq, self._wall_ms, self._eids = seq, wall_ms, eids
        return added

    def _trust_ids(self) -> None:
        """Start them anew where names were forgotten or changed: a number may be gone."""
        token = self._names_token()
        if token != self._token:
            self.forget_ids()
            self._token = token

    def _names_token(self) -> object:
        return self.db.execute("SELECT v FROM meta WHERE k='names'").fetchone()[0]

    def _mark_last(self, gone: Iterable[int], wall_ms: int) -> None:
        """Keep when those were read last that are not read any more."""
        rows = [(wall_ms, eid) for eid in gone]
        self.db.executemany("UPDATE entity SET last_ms=? WHERE eid=?", rows)

    def forget_ids(self) -> None:
        """After a rollback: numbers given in it are not given."""
        self.ids = Ids(self.db, self._kind_of)

    def close_plain(self) -> None:
        """Close, back to one plain file: a WAL file without its log is shut to other users."""
        try:
            self.db.execute(f"PRAGMA busy_timeout={round(connect.BUSY_S * 1000)}")
            self.db.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            log.warning("%s keeps its write-ahead log: %s", self._path, error)
        self.db.close()
