"""Pure: readings of a counter → a rate, or None where there is no honest answer."""

from __future__ import annotations

from itertools import pairwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.model import Point

NS = 1_000_000_000


def per_second(grown: float, elapsed_ns: int) -> float | None:
    """Units per second within one generation; None where a value is missing or it fell.

    A counter that fell within one generation was reset by something we cannot see (cgroup
    recreated under the same inode, a device replaced): unknown, not negative.
    """
    if elapsed_ns <= 0 or not grown >= 0:  # NaN is neither
        return None
    return grown * NS / elapsed_ns


def rate(before: Point, after: Point) -> float | None:
    """Units per second between two readings; None across generations or without a value."""
    if before.generation != after.generation:
        return None
    return per_second(after.value - before.value, after.mono_ns - before.mono_ns)


def rates(points: Sequence[Point]) -> list[tuple[int, float | None]]:
    """(wall ms, rate) at each point but the first, against the point before it."""
    return [(after.wall_ms, rate(before, after)) for before, after in pairwise(points)]
