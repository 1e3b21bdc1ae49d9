"""Files that rarely change (limits): read once per round of the pace, not each cycle."""

import os
from pathlib import Path

from collector.files import Text
from collector.formats import Parser, Values
from collector.pace import Pace


class Slow:
    """One such file, kept open as the others are: opening it anew costs as much as ten readings."""

    __slots__ = ("_missing", "_pace", "_round", "_text", "said")

    def __init__(self, pace: Pace, path: Path, parse: Parser, missing: Values) -> None:
        """`missing` are the values where there is no such file (the kernel lacks it)."""
        self._pace, self._round = pace, -1
        self._missing = self.said = missing
        try:
            self._text: Text[Values] | None = Text(path, parse)
        except FileNotFoundError:
            self._text = None

    def look(self) -> bool:
        """Whether a new round found the file saying anything else; `said` is then what it says.

        Gone, OSError or FormatError, naming the path.
        """
        if self._round == self._pace.round or self._text is None:
            return False
        before, self.said = self.said, self._missing
        self.said = self._text.read()
        self._round = self._pace.round
        return self.said is not before

    def close(self) -> None:
        """Close the descriptor."""
        if self._text is not None:
            self._text.close()
            self._text = None


def exists(directory: Path | None, name: str) -> bool:
    """Whether this kernel offers the file for this cgroup."""
    return directory is not None and os.path.exists(directory / name)
