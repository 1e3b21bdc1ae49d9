"""Which tier answers for which part of a span, and reading it.

The coarsest tier that the step allows answers for all that it holds; what is older than its
oldest slice comes from coarser tiers, what is newer than its newest from finer ones, the head
last. The borders are seqs: exact whatever the clock did, so nothing is shown twice.
"""

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from collector.model import Kind
from collector.store import Span, slices
from collector.store.columns import streams_of
from collector.store.frame import VALUE, Frame, N, Times, key
from collector.store.names import Names
from collector.store.readings import Readings, from_frame, within

TIERS = tuple(slices.RESOLUTION_MS)

Bounds = Mapping[int, tuple[int, int]]
"""The first and last seq that each tier holds."""


class Part(NamedTuple):
    """A tier and the seqs that it answers for."""

    tier: int
    low: int
    high: int


def read(
    db: sqlite3.Connection, names: Names, eid: int, kinds: Mapping[int, Kind], span: Span
) -> list[Readings]:
    """The entity's readings of these columns within the span, oldest first; no empty ones."""
    bounds = {
        tier: (low, high)
        for tier, low, high in db.execute(
            "SELECT tier, min(first_seq), max(last_seq) FROM shown GROUP BY tier"
        )
    }
    found = [
        readings
        for part in plan(bounds, span.step_ms)
        for readings in _read_slices(db, part, eid, kinds, span)
    ]
    found.append(_read_head(db, names, eid, kinds, span))
    return [readings for readings in found if readings.generations]


def plan(bounds: Bounds, step_ms: int) -> list[Part]:
    """Pure: the parts of the past that slices answer for, oldest first."""
    chosen = max(tier for tier in TIERS if slices.RESOLUTION_MS[tier] <= step_ms)
    coarser = [tier for tier in TIERS if tier > chosen and tier in bounds]
    finer = [tier for tier in reversed(TIERS) if tier < chosen and tier in bounds]
    end = max((bounds[tier][1] for tier in coarser), default=0)
    low, high = bounds.get(chosen, (end + 1, end))
    parts = [Part(chosen, low, high)]
    for tier in coarser:
        parts.insert(0, Part(tier, bounds[tier][0], low - 1))
        low = min(low, bounds[tier][0])
    for tier in finer:
        parts.append(Part(tier, high + 1, bounds[tier][1]))
        high = max(high, bounds[tier][1])
    return [part for part in parts if part.low <= part.high]


def _read_slices(
    db: sqlite3.Connection, part: Part, eid: int, kinds: Mapping[int, Kind], span: Span
) -> list[Readings]:
    rows = db.execute(
        "SELECT s.*, c.b FROM shown s CROSS JOIN chunk c"
        " ON c.tier=s.tier AND c.first_seq=s.first_seq AND c.eid=?"
        " WHERE s.tier=? AND s.last_seq>=? AND s.first_seq<=? AND s.until_ms>=? AND s.since_ms<=?"
        " ORDER BY s.first_seq",
        [eid, part.tier, part.low, part.high, span.since_ms, span.until_ms],
    ).fetchall()
    wanted = {key(cid, aspect) for cid in kinds for aspect in range(VALUE, N + 1)}
    found = []
    for *columns, blob in rows:
        of = slices.load(columns)
        times = slices.load_times(of.b)
        frame = slices.load_frame(blob, len(times.seq), wanted)
        readings = from_frame(frame, times, kinds)
        whole = _is_within(of, part, span) and not any(frame.lag_ns)
        found.append(readings if whole else within(readings, span, (part.low, part.high)))
    return found


def _is_within(of: slices.Slice, part: Part, span: Span) -> bool:
    """Whether the borders cut nothing off the slice."""
    by_seq = part.low <= of.first_seq and of.last_seq <= part.high
    return by_seq and span.since_ms <= of.since_ms and of.until_ms <= span.until_ms


def _read_head(
    db: sqlite3.Connection, names: Names, eid: int, kinds: Mapping[int, Kind], span: Span
) -> Readings:
    rows = db.execute(
        "SELECT c.seq, c.wall_ms, c.mono_ns, h.gen, h.lid, h.b FROM cycle c"
        " CROSS JOIN head h ON h.seq=c.seq AND h.eid=?"
        " WHERE c.seq > (SELECT v FROM meta WHERE k='sealed_to') AND c.wall_ms BETWEEN ? AND ?"
        " ORDER BY c.seq",
        [eid, span.since_ms, span.until_ms],
    ).fetchall()
    times = Times(*([row[at] for row in rows] for at in range(3)))
    streams = streams_of([(row[4], row[5]) for row in rows], names.cids, kinds)
    frame = Frame(range(len(rows)), [row[3] for row in rows], [0] * len(rows), streams)
    return from_frame(frame, times, kinds)
