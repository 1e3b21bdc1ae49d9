"""Pure: readings of a counter → a rate, or None where there is no honest answer."""

import math
from collections.abc import Sequence
from itertools import pairwise

from collector.model import Point

NS = 1_000_000_000


def rate(before: Point, after: Point) -> float | None:
    """Units per second between two readings; None across generations or without a value.

    A counter that fell within one generation was reset by something we cannot see (cgroup
    recreated under the same inode, a device replaced): unknown, not negative.
    """
    if before.generation != after.generation:
        return None
    elapsed = after.mono_ns - before.mono_ns
    grown = after.value - before.value
    if elapsed <= 0 or math.isnan(grown) or grown < 0:
        return None
    return grown * NS / elapsed


def rates(points: Sequence[Point]) -> list[tuple[int, float | None]]:
    """(wall ms, rate) at each point but the first, against the point before it."""
    return [(after.wall_ms, rate(before, after)) for before, after in pairwise(points)]
