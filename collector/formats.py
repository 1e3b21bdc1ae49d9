"""Pure: the text of /proc, /sys and cgroup files → values.

Every parser takes the whole file and raises FormatError for a line it cannot read; whoever read
the file adds its path. A key that is not there is MISSING: kernels differ in what they tell.
A file cut in the middle of a line is an error, for its last number may lack digits.
"""

import re
from collections.abc import Callable, Container

from collector.model import MISSING

Values = tuple[float, ...]
Parser = Callable[[bytes], Values]

MICRO = 1e6
NANO = 1e9
"""Micro- and nanoseconds in a second: to divide by, which rounds as the decimal number reads."""
_NET_DEV_FIELDS = 16
_NET_DEV_HEADER = 2


class FormatError(ValueError):
    """A line is not what the kernel writes there. `line` is that line, cut at 80 bytes."""

    def __init__(self, line: bytes, expected: str, path: str = "a file") -> None:
        super().__init__(f"{path}: {line[:80]!r} is not {expected}")
        self.line, self.expected = line, expected

    def at(self, path: str) -> "FormatError":
        """The same error, naming the file."""
        return FormatError(self.line, self.expected, path)


def count(text: bytes) -> float:
    """A non-negative decimal number, as every counter is: b"42" → 42.0."""
    if not text.isdigit():
        raise FormatError(text, "a number")
    return float(text)


def lines(data: bytes) -> list[bytes]:
    """The lines of a file that is whole."""
    if data and data[-1:] != b"\n":
        raise FormatError(data[data.rfind(b"\n") + 1 :], "a whole line")
    return data.split(b"\n")[:-1]


def number(data: bytes) -> float:
    """A file of one number; MISSING for "max", which says: no limit."""
    if data == b"max\n":
        return MISSING
    if data[-1:] != b"\n":
        raise FormatError(data, "a number and a newline")
    return count(data[:-1])


class Keyed:
    """A flat-keyed file ("key value" lines) → the values of `keys` / `per`, in that order.

    Fastest with the keys in the order of the file: each is searched from the one before.
    """

    __slots__ = ("_keys", "_per")

    def __init__(self, *keys: str, per: float = 1.0) -> None:
        self._keys = tuple(f"\n{key} ".encode() for key in keys)
        self._per = per

    def __call__(self, data: bytes) -> Values:
        """One value per key, MISSING where the file has no such key."""
        if data and data[-1:] != b"\n":
            raise FormatError(data[data.rfind(b"\n") + 1 :], "a whole line")
        data = b"\n" + data
        found, at = [], 0
        for key in self._keys:
            start = data.find(key, at)
            if start < 0 and (start := data.find(key)) < 0:
                found.append(MISSING)
                continue
            at = data.index(b"\n", start + 1)
            text = data[start + len(key) : at]
            if not text.isdigit():
                raise FormatError(data[start + 1 : at], "a key and a number")
            found.append(float(text) / self._per)
        return tuple(found)


_PRESSURE = re.compile(rb"some [^\n]* total=([0-9]+)\n(?:full [^\n]* total=([0-9]+)\n)?")


def pressure(data: bytes) -> Values:
    """A PSI file → seconds in which (some, all) tasks waited, from the `total` microseconds.

    Kernels before 5.13 write no "full" line for the CPU: MISSING.
    """
    found = _PRESSURE.fullmatch(data)
    if found is None:
        raise FormatError(data, "pressure with totals")
    some, full = found.groups()
    return float(some) / MICRO, MISSING if full is None else float(full) / MICRO


def net_dev(data: bytes, ignored: Container[bytes] = ()) -> list[tuple[bytes, Values]]:
    """/proc/net/dev → (interface, 8 values): receive bytes, packets, errs, drop, then transmit."""
    found = []
    for line in lines(data)[_NET_DEV_HEADER:]:
        # A name may be anything but white space, "/" and ":".
        name, _, rest = line.partition(b":")
        name = name.lstrip()
        if name in ignored:
            continue
        words = rest.split()
        if len(words) != _NET_DEV_FIELDS or not b"".join(words).isdigit():
            raise FormatError(line, "an interface with 16 numbers")
        found.append((name, tuple(map(float, words[0:4] + words[8:12]))))
    return found


# A device that was removed keeps its counters for a while and is called "(unknown)".
_BLKIO = re.compile(rb"([0-9]+:[0-9]+|\(unknown\)) Read ([0-9]+)\n\1 Write ([0-9]+)\n")
_REMOVED = b"(unknown)"
_BLKIO_LINES = (5, 6)


def blkio(data: bytes) -> dict[bytes, Values]:
    """A v1 blkio file → {b"MAJ:MIN": (read, written)}.

    Of a device's lines Async, Sync and Total count the same requests again, and Discard (since
    Linux 4.20) is neither. One "Total" ends the file, alone while there was no I/O.
    """
    told = _BLKIO.findall(data)
    there = lines(data)
    shape = [each * len(told) + 1 for each in _BLKIO_LINES]
    if len(there) not in shape or not there[-1].startswith(b"Total "):
        raise FormatError(data, "operations by device and a total")
    return {
        device: (float(read), float(written))
        for device, read, written in told
        if device != _REMOVED
    }


_IO_STAT = re.compile(
    rb"([0-9]+:[0-9]+) rbytes=([0-9]+) wbytes=([0-9]+) rios=([0-9]+) wios=([0-9]+)(?: .*)?"
)
_IO_STAT_NOTHING = re.compile(rb"\(unknown\) .*|[0-9]+:[0-9]+ (?!.*\brbytes=).*")


def io_stat(data: bytes) -> dict[bytes, Values]:
    """A v2 io.stat → {b"MAJ:MIN": (read bytes, written bytes, reads, writes)}.

    A line may have a device and no counters (nothing of it was ever used), and keys of later
    kernels and of io.cost: both are passed over.
    """
    found = {}
    for line in lines(data):
        counters = _IO_STAT.fullmatch(line)
        if counters is not None:
            device, *amounts = counters.groups()
            found[device] = tuple(map(float, amounts))
        elif _IO_STAT_NOTHING.fullmatch(line) is None:
            raise FormatError(line, "a device with counters")
    return found


_OCTAL = re.compile(r"\\([0-7]{3})")


def unescaped(text: str) -> str:
    """The octal escapes of a mount table resolved: a space is written as backslash 040."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text)
