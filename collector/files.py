"""Small text files of the kernel read again and again: through kept descriptors, whole, by bytes.

A kept descriptor costs one system call per reading; opening anew costs ten times that. The bytes
of the last reading are kept too: a file that did not change is not parsed.
"""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from collector.formats import FormatError, Parser, Values
from collector.group import Gone

_SIZE = 4096
_SPARE = 16
_SURELY_WHOLE = 3500

Parsed = TypeVar("Parsed")
_GONE = frozenset({errno.ENODEV, errno.ESRCH})


def read_new(path: str, dir_fd: int | None = None) -> bytes:
    """All of a file that must not be kept open (/proc/PID/net/dev pins its namespace).

    A sequence file is given out in pieces of whole records of up to a page each: only a piece
    with room for another record is known to be the last.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=dir_fd)
        try:
            data = os.read(fd, _SIZE)
            if len(data) > _SURELY_WHOLE:
                pieces = [data]
                while data:
                    data = os.read(fd, _SIZE * 4)
                    pieces.append(data)
                data = b"".join(pieces)
        finally:
            os.close(fd)
    except OSError as error:
        raise _named(error, path) from error
    return data


def _named(error: OSError, path: str) -> Exception:
    if error.errno in _GONE:
        return Gone(path)
    return OSError(error.errno, error.strerror, path)


class Text(Generic[Parsed]):
    """One file that stays open and its parser. What did not change is not parsed again."""

    __slots__ = ("_data", "_fd", "_parse", "_path", "_size", "said")

    def __init__(self, path: Path, parse: Callable[[bytes], Parsed]) -> None:
        """Open `path`; OSError when that fails."""
        self._path, self._parse = str(path), parse
        self._data: bytes | None = None
        self._size = _SIZE
        self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)

    def look(self) -> bool:
        """Read the file: whether it says anything else than before. `said` is then what it says.

        Gone, OSError or FormatError, each naming the path.
        """
        # Every container's every file passes here in every cycle: one call, one comparison.
        try:
            data = os.pread(self._fd, self._size, 0)
        except OSError as error:
            raise _named(error, self._path) from error
        if data == self._data:  # which is shorter than was asked for: it is whole
            return False
        self._change(data)
        return True

    def read(self) -> Parsed:
        """What the file says now, the same object while its bytes are the same."""
        self.look()
        return self.said

    def _change(self, data: bytes) -> None:
        self._data = None
        try:
            data = self._whole(data)
            self.said = self._parse(data)
        except OSError as error:
            raise _named(error, self._path) from error
        except FormatError as error:
            raise error.at(self._path) from None
        self._data = data
        self._size = len(data) + _SPARE

    def _whole(self, data: bytes) -> bytes:
        """All of it: what fills the buffer to the last byte may go on."""
        size = self._size
        while len(data) == size:
            size *= 4
            data = os.pread(self._fd, size, 0)
        return data

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._fd)


class Texts(list[Text[Values]]):
    """Several files opened together: all or, after an error, none."""

    def __init__(self, *files: tuple[Path, Parser]) -> None:
        super().__init__()
        try:
            for path, parse in files:
                self.append(Text(path, parse))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close them all."""
        while self:
            self.pop().close()
