"""The source of a group whose values follow from what its files say, and from nothing else."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from itertools import chain
from typing import Protocol

from collector.formats import Values
from collector.group import Part
from collector.model import Columns


class Readable(Protocol):
    """A file that stays open: a Text, or a Slow."""

    def read(self) -> Values:
        """What it says now."""
        ...

    def close(self) -> None:
        """Close the descriptor."""
        ...


def joined(*said: Values) -> Values:
    """What the files say, one after another."""
    return tuple(chain.from_iterable(said))


class FileSource:
    """Reads its files each time, and works out values only when one of them says another thing."""

    __slots__ = ("_columns", "_files", "_part", "_said", "_values", "close")

    def __init__(
        self,
        columns: Columns,
        *files: Callable[[], Readable],
        values: Callable[..., Values] = joined,
    ) -> None:
        """`files` open them: all or, after an error, none; `values` takes what each of them says,
        in that order.
        """
        self._columns, self._values = columns, values
        self._said: list[Values] | None = None
        with ExitStack() as undo:
            self._files = [undo.enter_context(closing(opened())) for opened in files]
            self.close = undo.pop_all().close
        self._part: Part = (columns, ())

    def read(self) -> Part:
        """The columns and their values: the same object while no file said anything else."""
        said = [file.read() for file in self._files]
        if said != self._said:
            self._part = self._columns, self._values(*said)
            self._said = said
        return self._part
