"""The writing half of the embedded store: one per file, in the agent."""

import logging
import os
import sqlite3
import threading
from dataclasses import dataclass, field
from pathlib import Path

from collector.clock import Clock
from collector.model import Cycle
from collector.store import StoreError, connect, place, upkeep
from collector.store.head import Packed, insert, last_seq, pack
from collector.store.ids import Ids, KindOf, kind_by_name
from collector.store.job import Job
from collector.store.pending import Pending
from collector.store.settings import StoreSettings
from collector.store.trouble import NoRoom, Unusable, explain, is_disk_trouble, is_lack_of_room

log = logging.getLogger(__name__)

BATCH = 100
"""Pending cycles stored per transaction after the disk came back."""

PAUSE_S = 0.003
"""Between transactions of upkeep: SQLite's lock is not fair, and waits for it are polled."""


@dataclass(slots=True)
class _Open:
    """What an open store holds; thrown away as a whole after an error."""

    db: sqlite3.Connection
    ids: Ids
    seq: int
    wall_ms: int = 0
    eids: list[int] = field(default_factory=list)


class SqliteWriter:
    """Implements `StoreWriter`. `append` and `maintain` may run in two threads.

    `kind_of` says whether a metric is a counter. StoreError when the file cannot be a store of
    ours or another process writes to it; a full or read-only disk is no error but a state.
    """

    def __init__(
        self,
        path: Path,
        settings: StoreSettings,
        clock: Clock,
        kind_of: KindOf = kind_by_name,
    ) -> None:
        self._path = path
        self._settings = settings
        self._clock = clock
        self._kind_of = kind_of
        self._pending = Pending(settings.pending_bytes)
        self._appending = threading.Lock()
        self._maintaining = threading.Lock()
        self._closing = threading.Event()
        self._lock_fd = -1
        self._open: _Open | None = None
        self._trouble = ""
        self._first_open()

    def _first_open(self) -> None:
        try:
            self._opened()
        except (sqlite3.Error, OSError, StoreError, Unusable) as error:
            self._drop()
            if not is_disk_trouble(error):
                self._unlock()
                raise explain(self._path, error) from error
            self._announce(error)

    def append(self, cycle: Cycle) -> int:
        """Store one cycle and give its seq; 0 while the disk takes nothing and it is kept here."""
        packed = pack(cycle)
        with self._appending:
            self._pending.add(packed)
            return self._flush()

    def _flush(self) -> int:
        try:
            store = self._opened()
            self._check_room()
            if self._trouble:
                self._store_batch(store, 1)  # a try; a whole batch would cost much to fail
            while self._pending:
                self._store_batch(store, BATCH)
        except (sqlite3.Error, OSError, StoreError, Unusable) as error:
            self._recover(error)
            self._announce(error)
            self._pending.trim()
            return 0
        self._announce(None)
        return store.seq

    def _recover(self, error: BaseException) -> None:
        """Keep the connection over a lack of room: without it a reader could not open the log."""
        if self._open is not None and is_lack_of_room(error):
            self._open.ids = Ids(self._open.db, self._kind_of)
        else:
            self._drop()

    def _store_batch(self, store: _Open, count: int) -> None:
        with connect.transaction(store.db):
            seq, eids, wall_ms = store.seq, store.eids, store.wall_ms
            for packed in self._pending.first(count):
                seq += 1
                eids = self._store(store, seq, packed, eids, wall_ms)
                wall_ms = packed.stamp.wall_ms
        self._pending.forget(seq - store.seq)
        store.seq, store.eids, store.wall_ms = seq, eids, wall_ms

    @staticmethod
    def _store(store: _Open, seq: int, packed: Packed, before: list[int], wall: int) -> list[int]:
        eids = insert(store.db, store.ids, seq, packed)
        if eids != before:
            gone = [(wall, eid) for eid in set(before).difference(eids)]
            store.db.executemany("UPDATE entity SET last_ms=? WHERE eid=?", gone)
        return eids

    def _opened(self) -> _Open:
        if self._open is None:
            if self._lock_fd < 0:
                place.prepare_directory(self._path, self._settings.group)
                self._lock_fd = place.take_lock(self._path)
            place.prepare_file(self._path, self._settings.group)
            self._open = self._load(connect.open_writer(self._path))
        return self._open

    def _load(self, db: sqlite3.Connection) -> _Open:
        try:
            seq = last_seq(db)
            store = _Open(db, Ids(db, self._kind_of), seq)
            if seq:
                (store.wall_ms,) = db.execute(
                    "SELECT wall_ms FROM cycle WHERE seq=?", [seq]
                ).fetchone()
                rows = db.execute("SELECT eid FROM head WHERE seq=?", [seq])
                store.eids = [eid for (eid,) in rows]
        except BaseException:
            db.close()
            raise
        return store

    def _check_room(self) -> None:
        status = os.statvfs(self._path.parent)
        free = status.f_bavail * status.f_frsize
        if free < self._settings.free_reserve_bytes:
            raise NoRoom(free >> 20, self._settings.free_reserve_bytes >> 20)

    def _announce(self, error: BaseException | None) -> None:
        """Log each change of state once, in words."""
        text = "" if error is None else str(explain(self._path, error))
        if text == self._trouble:
            return
        if text:
            log.error("%s; collection goes on in memory", text)
        elif self._trouble:
            log.warning("the store %s takes cycles again; %d lost", self._path, self._pending.lost)
        self._trouble = text

    def maintain(self) -> None:
        """Seal, roll up and expire what is due, on a connection of its own."""
        with self._maintaining:
            if self._closing.is_set() or not self._path.exists():
                return
            try:
                self._maintain()
            except (sqlite3.Error, OSError) as error:
                log.warning("upkeep put off: %s", explain(self._path, error))

    def _maintain(self) -> None:
        db = connect.open_second(self._path)
        try:
            job = Job(db, self._path, self._settings, self._give_way)
            upkeep.run(job, self._clock.now())
        finally:
            db.close()

    def _give_way(self) -> bool:
        """Let a waiting append have the write lock; whether upkeep should stop."""
        return self._closing.wait(PAUSE_S)

    def size_bytes(self) -> int:
        """What the database and its log take on disk now."""
        return place.disk_bytes(self._path)

    def pending_cycles(self) -> int:
        """Cycles kept in memory because the disk would not take them."""
        return len(self._pending)

    def lost_cycles(self) -> int:
        """Cycles given up since this writer was opened."""
        return self._pending.lost

    def close(self) -> None:
        """Store what is pending, and leave a file that needs no log beside it to be read."""
        self._closing.set()
        with self._maintaining, self._appending:
            if self._pending:
                self._flush()
            self._pending.give_up()
            if self._open is not None:
                connect.leave_wal(self._path, self._open.db)
            self._drop()
            self._unlock()

    def _drop(self) -> None:
        if self._open is not None:
            self._open.db.close()
            self._open = None

    def _unlock(self) -> None:
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1
