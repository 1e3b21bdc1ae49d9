"""Pure: an entity's readings in columns, and how many readings become fewer.

A stream's key is its column's number times 8 plus its aspect. A reading as it was made has the
aspect VALUE; a rollup of readings has VALUE (the last known one) for a counter, and LOW, HIGH,
TOTAL and N (how many were known) for a gauge. Column 0 is the frame's own bookkeeping.
"""

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap

from collector.model import Kind

VALUE, LOW, HIGH, TOTAL, N = range(5)
GENERATION, LAG = 0, 1
WALL, MONO, SEQ = 2, 3, 4

Streams = dict[int, "array[float]"]
Ranges = Sequence[tuple[int, int]]


def key(cid: int, aspect: int) -> int:
    """The stream of one aspect of one column."""
    return cid * 8 + aspect


@dataclass(frozen=True, slots=True)
class Times:
    """When the cycles of a slice were made, or the last cycle of each of its rollups."""

    seq: Sequence[int]
    wall_ms: Sequence[int]
    mono_ns: Sequence[int]

    def ranges(self, step_ms: int) -> Ranges:
        """Runs of readings within one step, in order of reading; one each where step is 0."""
        if step_ms == 0:
            return [(place, place + 1) for place in range(len(self.wall_ms))]
        steps = [wall // step_ms for wall in self.wall_ms]
        cuts = [n for n in range(1, len(steps)) if steps[n] != steps[n - 1]]
        return list(zip([0, *cuts], [*cuts, len(steps)], strict=True)) if steps else []

    def at_ends(self, ranges: Ranges) -> "Times":
        """The times of the last reading of each range."""
        return Times(*([s[end - 1] for _, end in ranges] for s in self.columns()))

    def columns(self) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
        """Seq, wall and monotonic times."""
        return self.seq, self.wall_ms, self.mono_ns


@dataclass(frozen=True, slots=True)
class Frame:
    """One entity over the times of a slice; each stream has one value per `present` place.

    `lag_ns` is how long before its place's time each reading was made: 0 but for the rollup in
    which an entity ended.
    """

    present: Sequence[int]
    generations: Sequence[int]
    lag_ns: Sequence[int]
    streams: Streams


def is_known(values: "array[float]") -> bool:
    """Whether no value is missing; infinities of both signs count as unsure."""
    return not math.isnan(sum(values))


def widen(values: "array[float]") -> tuple["array[float]", ...]:
    """LOW, HIGH, TOTAL and N of readings as they were made."""
    if is_known(values):
        known = array("d", [1.0]) * len(values)
    else:
        known = array("d", [0.0 if math.isnan(v) else 1.0 for v in values])
    return values, values, values, known


def roll_up(frame: Frame, times: Times, ranges: Ranges, kinds: Mapping[int, Kind]) -> Frame:
    """The frame with one reading per range of its slice's places."""
    held = _held(frame.present, ranges)
    places = [place for place, (start, end) in enumerate(held) if end > start]
    within = [held[place] for place in places]
    lasts = [end - 1 for _, end in within]
    mono = times.mono_ns
    lag = [
        mono[ranges[place][1] - 1] - mono[frame.present[last]] + frame.lag_ns[last]
        for place, last in zip(places, lasts, strict=True)
    ]
    streams = roll_up_streams(frame.streams, within, kinds, frame.generations)
    return Frame(places, [frame.generations[last] for last in lasts], lag, streams)


def _held(present: Sequence[int], ranges: Ranges) -> Ranges:
    """The ranges of places as ranges of what is present."""
    if ranges and len(present) == ranges[-1][1]:
        return ranges
    held, at = [], 0
    for _, end in ranges:
        start = at
        while at < len(present) and present[at] < end:
            at += 1
        held.append((start, at))
    return held


def roll_up_streams(
    streams: Streams, ranges: Ranges, kinds: Mapping[int, Kind], generations: Sequence[int]
) -> Streams:
    """Every column's streams with one value per range."""
    rolled: Streams = {}
    for cid in dict.fromkeys(name >> 3 for name in streams):
        value = streams.get(key(cid, VALUE))
        if value is not None and kinds[cid] is Kind.COUNTER:
            rolled[key(cid, VALUE)] = last_known(value, ranges, generations)
            continue
        wide = rolled_up(streams, cid) if value is None else widen(value)
        for aspect, stream in zip((LOW, HIGH, TOTAL, N), gauge(wide, ranges), strict=True):
            rolled[key(cid, aspect)] = stream
    return rolled


def rolled_up(streams: Streams, cid: int) -> tuple["array[float]", ...]:
    """LOW, HIGH, TOTAL and N of a rollup; what says nothing was left out when it was kept."""
    n = streams[key(cid, N)]
    absent = array("d", [math.nan]) * len(n)
    return *(streams.get(key(cid, aspect), absent) for aspect in (LOW, HIGH, TOTAL)), n


def last_known(
    values: "array[float]", ranges: Ranges, generations: Sequence[int]
) -> "array[float]":
    """The last value of each range that was read in the life that its last reading is of; else NaN.

    A range goes by the generation of its last reading: an earlier life's value would pass for
    that one's, and give a rate across the two.
    """
    ends = array("d", [values[end - 1] for _, end in ranges])
    if is_known(ends):
        return ends
    return array("d", [_last(values, generations, places) for places in starmap(range, ranges)])


def _last(values: "array[float]", generations: Sequence[int], places: range) -> float:
    life = generations[places[-1]]
    known = (values[place] for place in reversed(places) if generations[place] == life)
    return next((value for value in known if not math.isnan(value)), math.nan)


def gauge(wide: Sequence["array[float]"], ranges: Ranges) -> tuple["array[float]", ...]:
    """LOW, HIGH, TOTAL and N of each range; NaN with an N of 0 where nothing was read."""
    low, high, total, n = wide
    if not (is_known(low) and is_known(high) and is_known(total)):
        return _gauge_with_gaps(wide, ranges)
    if low is high and low and low.count(low[0]) == len(low):
        return _steady(low[0], ranges)
    return (
        array("d", [min(low[a:b]) for a, b in ranges]),
        array("d", [max(high[a:b]) for a, b in ranges]),
        array("d", [sum(total[a:b]) for a, b in ranges]),
        array("d", [sum(n[a:b]) for a, b in ranges]),
    )


def _steady(value: float, ranges: Ranges) -> tuple["array[float]", ...]:
    """Of readings that were all the same: half of all gauges never move within an hour."""
    counts = array("d", [end - start for start, end in ranges])
    same = array("d", [value]) * len(counts)
    return same, same, array("d", [value * count for count in counts]), counts


def _gauge_with_gaps(wide: Sequence["array[float]"], ranges: Ranges) -> tuple["array[float]", ...]:
    rolled = [array("d") for _ in wide]
    for start, end in ranges:
        known = [r for r in zip(*(s[start:end] for s in wide), strict=True) if r[3]]
        lows, highs, totals, ns = zip(*known, strict=True) if known else ((), (), (), ())
        rolled[0].append(min(lows, default=math.nan))
        rolled[1].append(max(highs, default=math.nan))
        rolled[2].append(sum(totals) if known else math.nan)
        rolled[3].append(sum(ns))
    return tuple(rolled)


def join_streams(parts: Sequence[tuple[int, Streams]]) -> Streams:
    """Streams one after another; what a part lacks is missing there (an N of 0)."""
    names = dict.fromkeys(name for _, streams in parts for name in streams)
    joined: Streams = {}
    for name in names:
        absent = array("d", [0.0 if name & 7 == N else math.nan])
        whole = array("d")
        for count, streams in parts:
            whole.extend(streams.get(name, absent * count))
        joined[name] = whole
    return joined
