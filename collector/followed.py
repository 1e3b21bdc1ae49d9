"""Things that come and go (disks, NICs, images), each with its open counters."""

from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from collector.formats import Values
from collector.group import Part
from collector.model import Columns
from collector.source import joined

Key = TypeVar("Key")
NOTHING: Part = ((), ())


class Counters(Protocol):
    """One thing's open files."""

    @property
    def gone(self) -> bool:
        """Whether the thing went since it was opened."""
        ...

    def read(self) -> Values:
        """One value per column, MISSING where the thing went."""
        ...

    def close(self) -> None:
        """Close every descriptor."""
        ...


class Followed(Generic[Key]):
    """The open counters of those things that there are now, and the columns of all of them."""

    def __init__(
        self, opened: Callable[[Key], Counters], columns: Callable[[Key], Columns]
    ) -> None:
        self._opened, self._columns_of = opened, columns
        self._counters: dict[Key, Counters] = {}
        self._columns: Columns = ()

    @property
    def lost(self) -> bool:
        """Whether something went: time to look again for what there is."""
        return any(counters.gone for counters in self._counters.values())

    def follow(self, keys: Iterable[Key]) -> None:
        """Have these open and nothing else. What goes while it is opened is left out."""
        wanted = list(keys)
        for key in [key for key, kept in self._counters.items() if kept.gone or key not in wanted]:
            self._counters.pop(key).close()
        for key in wanted:
            if key not in self._counters:
                try:
                    self._counters[key] = self._opened(key)
                except FileNotFoundError:
                    continue
        columns = tuple(column for key in self._counters for column in self._columns_of(key))
        if columns != self._columns:
            self._columns = columns

    def read(self) -> Part:
        """Every value; the same columns object until something came or went."""
        if not self._counters:
            return NOTHING
        return self._columns, joined(*(each.read() for each in self._counters.values()))

    def close(self) -> None:
        """Close them all."""
        self.follow(())
