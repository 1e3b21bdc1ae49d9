"""A reader that is not asked again for a while once a store kept its caller waiting in vain.

The monitord client has one thread: whoever waits for a locked store tells no death meanwhile.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from collector.clock import Clock
from collector.model import Cycle, Series
from collector.store import CatalogueEntry, Span, StoreError, StoreReader

Answer = TypeVar("Answer")

NS = 1_000_000_000
SLOW_S = 1.0
"""An error that took longer had waited for a lock: others are as quick as an answer."""
REST_S = 60.0


class RestedReader:
    """Implements `StoreReader` by another one."""

    def __init__(self, reader: StoreReader, clock: Clock) -> None:
        self._reader, self._clock = reader, clock
        self._until_s = 0.0
        self._trouble: StoreError | None = None

    def latest(self) -> Cycle | None:
        """As the reader says."""
        return self._ask(self._reader.latest)

    def latest_of(self, kind: str, name: str, cycles: int = 2) -> Sequence[Cycle]:
        """As the reader says."""
        return self._ask(lambda: self._reader.latest_of(kind, name, cycles))

    def recent(self, cycles: int = 2) -> Sequence[Cycle]:
        """As the reader says."""
        return self._ask(lambda: self._reader.recent(cycles))

    def series(self, kind: str, name: str, metric: str, span: Span) -> Sequence[Series]:
        """As the reader says."""
        return self._ask(lambda: self._reader.series(kind, name, metric, span))

    def several(self, kind: str, name: str, metrics: Sequence[str], span: Span) -> Sequence[Series]:
        """As the reader says."""
        return self._ask(lambda: self._reader.several(kind, name, metrics, span))

    def catalogue(self) -> Sequence[CatalogueEntry]:
        """As the reader says."""
        return self._ask(self._reader.catalogue)

    def close(self) -> None:
        """Close the reader."""
        self._reader.close()

    def _ask(self, question: Callable[[], Answer]) -> Answer:
        began = self._now_s()
        if self._trouble is not None and began < self._until_s:
            raise self._trouble.with_traceback(None)
        try:
            answer = question()
        except StoreError as error:
            ended = self._now_s()
            if ended - began > SLOW_S:
                self._trouble, self._until_s = error, ended + REST_S
            raise
        self._trouble = None
        return answer

    def _now_s(self) -> float:
        return self._clock.now().mono_ns / NS
