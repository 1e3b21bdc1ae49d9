"""Pure: readings of one entity in the order in which they were made, whatever tier kept them."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.model import Kind
from collector.store import Span
from collector.store.frame import (
    HIGH,
    LOW,
    TOTAL,
    VALUE,
    Frame,
    N,
    Streams,
    Times,
    join_streams,
    key,
    widen,
)


@dataclass(frozen=True, slots=True)
class Readings:
    """Times, generations and streams, all of one length; gauges always as LOW to N."""

    times: Times
    generations: Sequence[int]
    streams: Streams


def from_frame(frame: Frame, times: Times, kinds: Mapping[int, Kind]) -> Readings:
    """The frame's readings, each at its own time."""
    return Readings(_own_times(frame, times), frame.generations, _widened(frame.streams, kinds))


def _own_times(frame: Frame, times: Times) -> Times:
    if len(frame.present) == len(times.seq) and not any(frame.lag_ns):
        return times
    places = list(zip(frame.present, frame.lag_ns, strict=True))
    return Times(
        [times.seq[place] for place, _ in places],
        [times.wall_ms[place] - lag // 1_000_000 for place, lag in places],
        [times.mono_ns[place] - lag for place, lag in places],
    )


def _widened(streams: Streams, kinds: Mapping[int, Kind]) -> Streams:
    wide: Streams = {}
    for name, values in streams.items():
        if name & 7 == VALUE and kinds[name >> 3] is Kind.GAUGE:
            for aspect, stream in zip((LOW, HIGH, TOTAL, N), widen(values), strict=True):
                wide[key(name >> 3, aspect)] = stream
        else:
            wide[name] = values
    return wide


def within(readings: Readings, span: Span, seqs: tuple[int, int]) -> Readings:
    """Those of the span's wall times and of a range of seqs, both ends included."""
    low, high = seqs
    times = readings.times
    kept = [
        place
        for place, (seq, wall) in enumerate(zip(times.seq, times.wall_ms, strict=True))
        if low <= seq <= high and span.since_ms <= wall <= span.until_ms
    ]
    if len(kept) == len(times.seq):
        return readings
    return Readings(
        Times(*([column[place] for place in kept] for column in times.columns())),
        [readings.generations[place] for place in kept],
        {n: array("d", [s[place] for place in kept]) for n, s in readings.streams.items()},
    )


def join(parts: Sequence[Readings]) -> Readings:
    """Readings one after another."""
    if len(parts) == 1:
        return parts[0]
    columns = zip(*(part.times.columns() for part in parts), strict=True)
    return Readings(
        Times(*([n for column in same for n in column] for same in columns)),
        [generation for part in parts for generation in part.generations],
        join_streams([(len(part.generations), part.streams) for part in parts]),
    )
