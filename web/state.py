"""The store's state as every answer needs it: snapshot, catalogue, health, envelope."""

import os
from collections.abc import Mapping
from typing import Any

from collector.clock import Clock
from collector.model import Cycle, Stamp
from collector.store import CatalogueEntry, StoreReader
from collector.sysfs import printable
from web import health as judge
from web import query
from web.live import Live, Snapshot, Unreadable
from web.settings import PageSettings

Json = dict[str, Any]
_WORDS = {"host": "host", "self": "agent"}


class State:
    """What the page knows now. Its methods raise Unreadable (503) and query.Refused (4xx)."""

    def __init__(self, reader: StoreReader, settings: PageSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._live = Live(reader, clock)

    def snapshot(self) -> Snapshot | None:
        """The newest cycle with its rates; None while the store is empty."""
        return self._live.snapshot()

    def cycle(self) -> Cycle | None:
        """The newest cycle alone; None while the store is empty."""
        return self._live.cycle()

    def health(self) -> judge.Health:
        """How old the last reading is and what is wrong. Never raises."""
        try:
            snapshot = self.snapshot()
        except Unreadable as failure:
            return judge.of_failure(failure)
        return self._health(snapshot, self.clock.now())

    def envelope(self, snapshot: Snapshot | None) -> Json:
        """What every answer starts with: the time here, the cycle it is of, and what is wrong."""
        now = self.clock.now()
        found = self._health(snapshot, now)
        cycle = None
        if snapshot is not None:
            stamp = snapshot.cycle.stamp
            cycle = {"seq": snapshot.cycle.seq, "time": stamp.wall_ms / 1000, "age_s": found.age_s}
        return {
            "now": now.wall_ms / 1000,
            "interval_s": self.settings.interval_s,
            "version": self.settings.version,
            "cycle": cycle,
            "problem": problem(found.problem),
        }

    def entry(self, kind: str, name: str | None) -> CatalogueEntry:
        """What the store knows of one entity; of the host where `name` is None."""
        known = {
            printable(e.entity.name): e for e in self._live.catalogue() if e.entity.kind == kind
        }
        if name is None:
            return _newest(kind, known)
        if name not in known:
            near = query.nearest(name, known)
            raise query.Refused(404, f"there is no {kind} {name[:80]!r} in the store", near)
        return known[name]

    def _health(self, snapshot: Snapshot | None, now: Stamp) -> judge.Health:
        return judge.of_snapshot(snapshot, now, self.settings, self._free_bytes())

    def _free_bytes(self) -> int | None:
        """What the agent counts as free beside the store."""
        try:
            found = os.statvfs(self.settings.store_dir)
        except OSError:
            return None
        return found.f_bavail * found.f_frsize


def key_of(snapshot: Snapshot | None) -> tuple[int, int]:
    """What results computed from a snapshot may be remembered by."""
    return (snapshot.cycle.seq, snapshot.cycle.stamp.wall_ms) if snapshot else (0, 0)


def problem(found: judge.Problem | None) -> Json | None:
    """A problem as JSON: code, level, text and since when, in unix seconds."""
    if found is None:
        return None
    return {
        "code": found.code,
        "level": found.level,
        "text": found.text,
        "since": found.since_ms / 1000,
    }


def _newest(kind: str, known: Mapping[str, CatalogueEntry]) -> CatalogueEntry:
    """The host read last: a store that was moved, or of a host that was renamed, holds two."""
    if not known:
        raise query.Refused(404, f"the store holds no reading of the {_WORDS[kind]} yet")
    return max(known.values(), key=lambda entry: entry.last_ms)
