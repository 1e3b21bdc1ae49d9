"""Cycles that the disk has not taken yet: in order, bounded in bytes, every loss counted."""

from collections import deque
from collections.abc import Iterator
from itertools import islice

from collector.store.head import Packed


class Pending:
    """A queue that can drop its oldest cycles down to `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._cycles: deque[Packed] = deque()
        self.lost = 0

    def __len__(self) -> int:
        return len(self._cycles)

    def add(self, packed: Packed) -> None:
        """Append one."""
        self._cycles.append(packed)
        self._bytes += packed.size

    def trim(self) -> None:
        """Drop the oldest down to the limit; the newest always stays, whatever its size."""
        while self._bytes > self._limit and len(self._cycles) > 1:
            self._bytes -= self._cycles.popleft().size
            self.lost += 1

    def first(self, count: int) -> Iterator[Packed]:
        """The oldest `count`, still kept."""
        return islice(self._cycles, count)

    def forget(self, count: int) -> None:
        """Drop the oldest `count`: they are stored."""
        for _ in range(count):
            self._bytes -= self._cycles.popleft().size

    def give_up(self) -> None:
        """Count what is left as lost: the process ends."""
        self.lost += len(self._cycles)
        self._cycles.clear()
        self._bytes = 0
