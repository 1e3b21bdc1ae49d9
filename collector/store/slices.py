"""Slices: runs of cycles that left the head. One blob of times each, one chunk per entity.

A slice is seen by readers from the transaction that adds its row on; the chunks before that are
nobody's, and after a crash are made again. It ends the same way: `dying` first, chunks later.
"""

import sqlite3
import struct
import zlib
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from collector.model import MISSING
from collector.store import codec
from collector.store.chunk import Chunk, pack
from collector.store.frame import (
    GENERATION,
    LAG,
    MONO,
    SEQ,
    WALL,
    Frame,
    N,
    Streams,
    Times,
    is_known,
)
from collector.store.trouble import Damaged

RAW, FRESH, MINUTE, HOUR = 0, 1, 60, 3600
"""The tiers: what was read, in slices of an hour; its minutes, in slices of an hour until their
day is over, then of that day; its hours, in slices of a day. Each is coarser than those before.
"""
RESOLUTION_MS = {RAW: 0, FRESH: 60_000, MINUTE: 60_000, HOUR: 3_600_000}


class Slice(NamedTuple):
    """A row of the table."""

    tier: int
    first_seq: int
    last_seq: int
    since_ms: int
    until_ms: int
    b: bytes


def make(tier: int, first_seq: int, last_seq: int, times: Times) -> Slice:
    """A slice of readings made at these times."""
    walls = times.wall_ms
    return Slice(tier, first_seq, last_seq, min(walls), max(walls), dump_times(times))


def dump_times(times: Times) -> bytes:
    """The times as a blob that starts with their number."""
    named = zip((SEQ, WALL, MONO), times.columns(), strict=True)
    streams = {name: codec.encode_integers(column) for name, column in named}
    return len(times.seq).to_bytes(4, "little") + pack(streams)


def load_times(blob: bytes) -> Times:
    """What `dump_times` was given."""
    with _whole("times"):
        count, chunk = int.from_bytes(blob[:4], "little"), Chunk(blob[4:])
        found = [chunk.get(name) or b"" for name in (SEQ, WALL, MONO)]
        return Times(*(codec.decode_integers(data, count) for data in found))


def dump_frame(frame: Frame, count: int) -> bytes:
    """An entity's frame over a slice of `count` places; columns without a value are left out."""
    generations = array("d", [MISSING]) * count
    for place, generation in zip(frame.present, frame.generations, strict=True):
        generations[place] = generation
    streams = {GENERATION: codec.encode(generations)}
    if any(frame.lag_ns):
        streams[LAG] = codec.encode(array("d", frame.lag_ns))
    for name, values in frame.streams.items():
        if _says_something(name, values):
            streams[name] = codec.encode(values)
    return pack(streams)


def _says_something(name: int, values: "array[float]") -> bool:
    """An N of 0 throughout goes with values that are all missing."""
    if name & 7 == N:
        return any(values)
    return is_known(values) or any(v == v for v in values)  # noqa: PLR0124 -- not NaN


def load_frame(blob: bytes, count: int, wanted: Collection[int] | None = None) -> Frame:
    """The frame with the wanted streams (None: all) of those that it has; Damaged if torn."""
    with _whole("a chunk"):
        return _load_frame(blob, count, wanted)


@contextmanager
def _whole(what: str) -> Iterator[None]:
    try:
        yield
    except (zlib.error, struct.error, ValueError, LookupError, OverflowError) as error:
        raise Damaged(f"{what}: {error}") from error


def _load_frame(blob: bytes, count: int, wanted: Collection[int] | None) -> Frame:
    chunk = Chunk(blob)
    generations = codec.decode(chunk.get(GENERATION) or b"", count)
    if is_known(generations):
        present: Sequence[int] = range(count)
    else:
        present = [place for place, g in enumerate(generations) if g == g]  # noqa: PLR0124
    names = [n for n in chunk.keys if n > SEQ and (wanted is None or n in wanted)]
    return Frame(
        present,
        [int(generations[place]) for place in present],
        _lag(chunk, len(present)),
        _streams(chunk, names, len(present)),
    )


def _streams(chunk: Chunk, names: Iterable[int], count: int) -> Streams:
    return {n: codec.decode(data, count) for n in names if (data := chunk.get(n)) is not None}


def _lag(chunk: Chunk, count: int) -> Sequence[int]:
    data = chunk.get(LAG)
    return [0] * count if data is None else [int(lag) for lag in codec.decode(data, count)]


def add(db: sqlite3.Connection, made: Slice) -> None:
    """Show the slice, whose chunks are there, to readers."""
    db.execute(
        "INSERT INTO slice(tier,first_seq,last_seq,since_ms,until_ms,b) VALUES(?,?,?,?,?,?)", made
    )


def add_chunks(db: sqlite3.Connection, made: Slice, frames: Mapping[int, bytes]) -> None:
    """Put entities' chunks of a slice that is not yet shown."""
    rows = [(made.tier, made.first_seq, eid, blob) for eid, blob in frames.items()]
    db.executemany("INSERT OR REPLACE INTO chunk VALUES(?,?,?,?)", rows)


def hide(db: sqlite3.Connection, tier: int, last_seq: int) -> None:
    """Take a tier's slices up to this seq from readers; upkeep deletes them."""
    db.execute("UPDATE slice SET dying=1 WHERE tier=? AND last_seq<=?", [tier, last_seq])


def clear_unshown(db: sqlite3.Connection, tier: int, after: int) -> None:
    """Delete chunks that a crash left before their slice could be shown."""
    db.execute("DELETE FROM chunk WHERE tier=? AND first_seq>?", [tier, after])


def load(row: Sequence[Any]) -> Slice:
    """A slice from its six columns."""
    return Slice(*row)
