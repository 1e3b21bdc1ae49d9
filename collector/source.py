"""The source of a group whose values follow from what its files say, and from nothing else."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Protocol

from collector.formats import Values
from collector.group import Part
from collector.model import Columns


class Readable(Protocol):
    """A file that stays open: a Text, or a Slow."""

    @property
    def said(self) -> Values:
        """What it said when it was last looked at."""
        ...

    def look(self) -> bool:
        """Whether it says anything else than before."""
        ...

    def close(self) -> None:
        """Close the descriptor."""
        ...


def joined(*said: Values) -> Values:
    """What the files say, one after another."""
    return sum(said, ())  # of so few, in half the time of a chain


class FileSource:
    """Reads its files each time, and works out values only when one of them says another thing."""

    __slots__ = ("_columns", "_files", "_is_new", "_part", "_values", "close")

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
        self._is_new = True
        with ExitStack() as undo:
            self._files = tuple(undo.enter_context(closing(opened())) for opened in files)
            self.close = undo.pop_all().close
        self._part: Part = (columns, ())

    def read(self) -> Part:
        """The columns and their values: the same object while no file said anything else."""
        is_new = self._is_new
        self._is_new = True  # until all were looked at: one that fails must not hide another's news
        for file in self._files:
            if file.look():
                is_new = True
        if is_new:
            self._part = self._columns, self._values(*[file.said for file in self._files])
        self._is_new = False
        return self._part
