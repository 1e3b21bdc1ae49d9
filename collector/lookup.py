"""Values, sums and rates by metric name, of anything that has a row and maybe the one before it.

Imports next to nothing: a probe that lives for 30 ms uses it as well as the page.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import fsum

from collector.rates import per_second

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from collector.model import Labels

    Index = Mapping[str, Sequence[tuple[Labels, int]]]


class Side:
    """One row: where each metric's values are in it, and when and in which life it was read."""

    __slots__ = ("generation", "index", "mono_ns", "values")

    def __init__(
        self, index: Index, values: Sequence[float], generation: int, mono_ns: int
    ) -> None:
        self.index, self.values = index, values
        self.generation, self.mono_ns = generation, mono_ns


class Lookup(ABC):
    """`now` is the newest row, `earlier` the one before it, None where there is none."""

    __slots__ = ()

    @property
    @abstractmethod
    def kind(self) -> str:
        """The entity's kind."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The entity's name."""

    @abstractmethod
    def now(self) -> Side:
        """The newest row."""

    @abstractmethod
    def earlier(self) -> Side | None:
        """The row before it."""

    def labelled(self, metric: str) -> Iterator[tuple[Labels, float]]:
        """Every column of `metric` that was read: its labels and value."""
        now = self.now()
        for labels, position in now.index.get(metric, ()):
            value = now.values[position]
            if value == value:  # noqa: PLR0124 - not NaN
                yield labels, value

    def value(self, metric: str) -> float | None:
        """The value of the only (or first) column of `metric`; None where unknown."""
        now = self.now()
        for _, position in now.index.get(metric, ()):
            value = now.values[position]
            if value == value:  # noqa: PLR0124 - not NaN
                return value
        return None

    def total(self, metric: str) -> float | None:
        """The sum over every column of `metric`; None where there is none."""
        values = [value for _, value in self.labelled(metric)]
        return fsum(values) if values else None

    def rates(self, metric: str) -> Iterator[tuple[Labels, float]]:
        """Units per second of every column of `metric` that has an honest rate."""
        now, before = self.now(), self.earlier()
        if before is None or before.generation != now.generation:
            return
        columns = now.index.get(metric, ())
        # Layouts change rarely: two rows of one layout share their index.
        same = before.index is now.index
        old = {} if same or not columns else dict(before.index.get(metric, ()))
        for labels, position in columns:
            place = position if same else old.get(labels)
            if place is not None:
                grown = now.values[position] - before.values[place]
                found = per_second(grown, now.mono_ns - before.mono_ns)
                if found is not None:
                    yield labels, found

    def rate(self, metric: str) -> float | None:
        """Units per second summed over every column of `metric`; None where there is none."""
        found = [value for _, value in self.rates(metric)]
        return fsum(found) if found else None
