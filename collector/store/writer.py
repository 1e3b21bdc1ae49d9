"""The writing half of the embedded store: one per file, in the agent."""

import logging
import os
import sqlite3
import threading
from pathlib import Path

from collector.clock import Clock
from collector.model import Cycle
from collector.store import StoreError, connect, place, upkeep
from collector.store.head import pack
from collector.store.ids import KindOf, kind_by_name
from collector.store.job import Job
from collector.store.opened import Opened
from collector.store.pending import Pending
from collector.store.settings import StoreSettings
from collector.store.trouble import NoRoom, Unusable, explain, is_disk_trouble, is_lack_of_room

log = logging.getLogger(__name__)

BATCH = 100
"""Pending cycles stored per transaction after the disk came back."""
PAUSE_S = 0.003
"""Between transactions of upkeep: SQLite's lock is not fair, and waits for it are polled."""
TROUBLES = (sqlite3.Error, OSError, StoreError, Unusable)


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
        self._directory = str(path.parent)
        self._settings = settings
        self._clock = clock
        self._kind_of = kind_of
        self._pending = Pending(settings.pending_bytes)
        self._appending = threading.Lock()
        self._maintaining = threading.Lock()
        self._closing = threading.Event()
        self._lock_fd = -1
        self._open: Opened | None = None
        self._trouble = ""
        self._first_open()

    def _first_open(self) -> None:
        try:
            self._opened()
        except TROUBLES as error:
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
            count = 1 if self._trouble else BATCH  # a try: a whole batch would cost much to fail
            while self._pending:
                self._pending.forget(store.store(self._pending.first(count)))
                count = BATCH
        except TROUBLES as error:
            self._recover(error)
            self._announce(error)
            self._pending.trim()
            return 0
        self._announce(None)
        return store.seq

    def _opened(self) -> Opened:
        if self._open is not None and not self._open.is_in_place():
            log.error("%s was moved or deleted: a new store is started", self._path)
            self._drop()
            self._unlock()  # its lock may be gone with it
        if self._open is None:
            if self._lock_fd < 0:
                place.prepare_directory(self._path, self._settings.group)
                self._lock_fd = place.take_lock(self._path)
            place.prepare_file(self._path, self._settings.group)
            self._open = Opened(self._path, self._kind_of)
        return self._open

    def _check_room(self) -> None:
        status = os.statvfs(self._directory)
        free = status.f_bavail * status.f_frsize
        if free < self._settings.free_reserve_bytes:
            raise NoRoom(free >> 20, self._settings.free_reserve_bytes >> 20)

    def _recover(self, error: BaseException) -> None:
        """Keep the connection over a lack of room: without it a reader could not open the log."""
        if self._open is not None and is_lack_of_room(error):
            self._open.forget_ids()
        else:
            self._drop()

    def _announce(self, error: BaseException | None) -> None:
        """Log each change of state once, in words."""
        text = "" if error is None else str(explain(self._path, error))
        if text and not self._trouble:
            log.error("%s; collection goes on in memory", text)
        elif self._trouble and not text:
            log.warning("the store %s takes cycles again; %d lost", self._path, self._pending.lost)
        self._trouble = text

    def maintain(self) -> None:
        """Seal, roll up and expire what is due, on a connection of its own; call it each minute."""
        with self._maintaining:
            if self._closing.is_set() or not self._path.exists():
                return
            try:
                self._maintain()
            except (sqlite3.Error, OSError, Unusable) as error:
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
                self._open.close_plain()
                self._open = None
            self._unlock()

    def _drop(self) -> None:
        if self._open is not None:
            self._open.db.close()
            self._open = None

    def _unlock(self) -> None:
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1
