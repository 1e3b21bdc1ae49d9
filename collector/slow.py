"""Files that rarely change (limits): read once per round of the pace, not each cycle."""

import os
from pathlib import Path

from collector.files import read_new
from collector.formats import FormatError, Parser, Values
from collector.pace import Pace


class Slow:
    """One such file. It is opened anew for each reading: a descriptor would mostly lie idle."""

    __slots__ = ("_missing", "_pace", "_parse", "_path", "_round", "_values")

    def __init__(self, pace: Pace, path: Path, parse: Parser, missing: Values) -> None:
        """`missing` are the values while there is no such file (the kernel lacks it)."""
        self._pace, self._path, self._parse = pace, str(path), parse
        self._missing = self._values = missing
        self._round = -1

    def read(self) -> Values:
        """What the file said in this round. OSError or FormatError, each naming the path."""
        if self._round != self._pace.round:
            self._values = self._missing
            self._values = self._now()
            self._round = self._pace.round
        return self._values

    def _now(self) -> Values:
        try:
            return self._parse(read_new(self._path))
        except FileNotFoundError:
            return self._missing
        except FormatError as error:
            raise error.at(self._path) from None


def exists(directory: Path | None, name: str) -> bool:
    """Whether this kernel offers the file for this cgroup."""
    return directory is not None and os.path.exists(directory / name)
