"""Calls that may never return: a thread makes them, and is given up when one hangs.

stat and statfs on a dead NFS, RBD or FUSE block in the kernel for as long as it likes. All go
through one thread; a call that exceeds its deadline costs that one thread, which ends by itself
when the kernel lets it go. At most `abandoned_max` are given up at a time: then nothing more is
asked, and every answer grows old and is dropped by its reader.
"""

import logging
import os
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)

DEADLINE_S = 5.0
ABANDONED_MAX = 8


@dataclass(frozen=True, slots=True)
class Usage:
    """What statfs says of one file system, in bytes; `available` is what a user may still take."""

    size: float
    used: float
    available: float


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a call gave (None: it failed with an OSError) and when, in monotonic seconds."""

    value: T | None
    at: float


class _Lane:
    """A worker thread's state: since when it is in a call, and whether it was given up."""

    __slots__ = ("abandoned", "since")

    def __init__(self) -> None:
        self.since: float | None = None
        self.abandoned = False


class Worker(Generic[T]):
    """One thread that makes calls, one after the other, and remembers each key's last answer."""

    def __init__(
        self,
        deadline_s: float = DEADLINE_S,
        abandoned_max: int = ABANDONED_MAX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deadline_s, self._abandoned_max, self._clock = deadline_s, abandoned_max, clock
        self._changed = threading.Condition()
        self._queue: deque[tuple[Hashable, Callable[[], T]]] = deque()
        self._busy: set[Hashable] = set()
        self._wanted: set[Hashable] = set()
        self._answers: dict[Hashable, Answer[T]] = {}
        self._lane: _Lane | None = None
        self._abandoned = 0
        self._closed = False

    @property
    def abandoned(self) -> int:
        """How many threads hang in a call now."""
        with self._changed:
            self._tend()
            return self._abandoned

    def submit(self, key: Hashable, call: Callable[[], T], later: bool = False) -> bool:
        """Have `call` made soon; False when the last one of this key has not returned yet.

        `later`: not before `wake`. A thread that works during a cycle takes turns with it for
        Python's lock at every system call, which costs more than the call.
        """
        with self._changed:
            self._tend()
            if self._closed or key in self._busy or not self._open_lane():
                return False
            self._busy.add(key)
            self._wanted.add(key)
            self._queue.append((key, call))
            if not later:
                self._changed.notify_all()
            return True

    def wake(self) -> None:
        """Have those calls made that were left for later."""
        if self._queue:
            with self._changed:
                self._changed.notify_all()

    def answer(self, key: Hashable) -> Answer[T] | None:
        """The last answer of `key`; None before the first."""
        return self._answers.get(key)  # one step of Python: needs no lock

    def fresh(self, key: Hashable, age_s: float) -> T | None:
        """The last answer's value, None where there is none younger than `age_s`."""
        found = self.answer(key)
        return found.value if found and self._clock() - found.at <= age_s else None

    def settle(self, timeout_s: float) -> bool:
        """Wait until every call that was submitted has returned; False when that takes longer."""
        with self._changed:
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._busy, timeout_s)

    def ask(self, key: Hashable, call: Callable[[], T], timeout_s: float) -> Answer[T] | None:
        """`call`'s answer if it comes within `timeout_s`, or came after an earlier `ask` of `key`.

        None at once while the last call of `key` is still on its way. Each answer is given once.
        """
        with self._changed:
            if key not in self._answers and self.submit(key, call):
                self._changed.wait_for(lambda: key not in self._busy, timeout_s)
            found = self._answers.get(key)
            if found:
                self.forget(key)
        return found

    def forget(self, key: Hashable) -> None:
        """Drop the answer of `key`, and the one that is still to come."""
        with self._changed:
            self._wanted.discard(key)
            self._answers.pop(key, None)

    def close(self) -> None:
        """End the thread once its call returns. What hangs is left to the kernel."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _open_lane(self) -> bool:
        if self._lane is None:
            if self._abandoned >= self._abandoned_max:
                return False
            self._lane = _Lane()
            # A daemon: a call that never returns must not keep the process from ending.
            threading.Thread(
                target=self._run, args=(self._lane,), name="statfs", daemon=True
            ).start()
        return True

    def _tend(self) -> None:
        """Give up a thread that hangs, and have another make the calls that wait behind it."""
        lane = self._lane
        if lane and lane.since is not None and self._clock() - lane.since >= self._deadline_s:
            lane.abandoned = True
            self._abandoned += 1
            self._lane = None
        if self._queue and not self._closed:
            self._open_lane()

    def _run(self, lane: _Lane) -> None:
        while (job := self._next(lane)) is not None:
            key, call = job
            try:
                value = call()
            except OSError:
                value = None
            except Exception:
                # A defect must not look like a file system that hangs.
                log.exception("asking %r failed", key)
                value = None
            if not self._finish(lane, key, value):
                return

    def _next(self, lane: _Lane) -> tuple[Hashable, Callable[[], T]] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._queue))
            if self._closed:
                return None
            lane.since = self._clock()
            return self._queue.popleft()

    def _finish(self, lane: _Lane, key: Hashable, value: T | None) -> bool:
        with self._changed:
            self._busy.discard(key)
            self._changed.notify_all()
            if lane.abandoned:
                self._abandoned -= 1
                return False
            lane.since = None
            if key in self._wanted:
                self._answers[key] = Answer(value, self._clock())
            return True


def usage(path: str, device: int | None) -> Usage:
    """Size and use of the file system mounted at `path`; may block for ever: for a Worker.

    `device` is the st_dev it must have, None for any: a container can put a link to elsewhere
    where its mount was. Raises OSError; holds nothing open afterwards.
    """
    fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        if stat.S_ISLNK(status.st_mode) or device not in (None, status.st_dev):
            raise OSError(f"{path}: another file system is there now")
        found = os.fstatvfs(fd)
    finally:
        os.close(fd)
    return Usage(
        float(found.f_blocks * found.f_frsize),
        float((found.f_blocks - found.f_bfree) * found.f_frsize),
        float(found.f_bavail * found.f_frsize),
    )
