"""Pure: the text of /proc, /sys and cgroup files → values.

Every parser takes the whole file and raises FormatError for a line it cannot read; whoever read
the file adds its path. A key that is not there is MISSING: kernels differ in what they tell.
A file cut in the middle of a line is an error, for its last number may lack digits.
"""

import re
from collections.abc import Callable

from collector.model import MISSING

Values = tuple[float, ...]
Parser = Callable[[bytes], Values]

MICRO = 1e6
NANO = 1e9
"""Micro- and nanoseconds in a second: to divide by, which rounds as the decimal number reads."""
NIC_FIELDS = 8
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


def pressure(data: bytes) -> Values:
    """A PSI file → seconds in which (some, all) tasks waited, from the `total` microseconds.

    Kernels before 5.13 write no "full" line for the CPU: MISSING.
    """
    some = full = MISSING
    for line in lines(data):
        kind, _, total = line.rpartition(b" total=")
        if not total.isdigit():
            raise FormatError(line, "a line of pressure with a total")
        if kind.startswith(b"some "):
            some = float(total) / MICRO
        elif kind.startswith(b"full "):
            full = float(total) / MICRO
    return some, full


def net_dev(data: bytes) -> list[tuple[bytes, Values]]:
    """/proc/net/dev → (interface, 8 values): receive bytes, packets, errs, drop, then transmit."""
    found = []
    for line in lines(data)[_NET_DEV_HEADER:]:
        # A name may be anything but white space, "/" and ":".
        name, _, rest = line.partition(b":")
        words = rest.split()
        if len(words) != _NET_DEV_FIELDS or not all(map(bytes.isdigit, words)):
            raise FormatError(line, "an interface with 16 numbers")
        receive, transmit = words[0:4], words[8:12]
        found.append((name.strip(), tuple(map(float, receive + transmit))))
    return found


def blkio(data: bytes) -> dict[bytes, tuple[float, float]]:
    """A v1 blkio file → {b"MAJ:MIN": (read, write)}.

    Async, Sync and Total count the same requests again, Total also discards; with no I/O yet the
    file says "Total 0" and nothing else.
    """
    found: dict[bytes, list[float]] = {}
    for line in lines(data):
        words = line.split()
        if len(words) == 2 and words[0] == b"Total":  # noqa: PLR2004 the file's last line
            continue
        try:
            device, operation, amount = words
        except ValueError:
            raise FormatError(line, "a device, an operation and a number") from None
        sums = found.setdefault(device, [MISSING, MISSING])
        if operation == b"Read":
            sums[0] = count(amount)
        elif operation == b"Write":
            sums[1] = count(amount)
    return {device: (read, write) for device, (read, write) in found.items()}


_IO_STAT = (b"rbytes", b"wbytes", b"rios", b"wios")


def io_stat(data: bytes) -> dict[bytes, Values]:
    """A v2 io.stat → {b"MAJ:MIN": (read bytes, written bytes, reads, writes)}.

    A line may have a device and no counters (nothing of it was ever used), and keys of later
    kernels and of io.cost: both are passed over.
    """
    found = {}
    for line in lines(data):
        device, *pairs = line.split() or (b"",)
        if b":" not in device:
            raise FormatError(line, "a device with counters")
        counters = dict(pair.partition(b"=")[::2] for pair in pairs)
        if b"rbytes" in counters:
            found[device] = tuple(
                count(counters[key]) if key in counters else MISSING for key in _IO_STAT
            )
    return found


_OCTAL = re.compile(r"\\([0-7]{3})")


def unescaped(text: str) -> str:
    """The octal escapes of a mount table resolved: a space is written as backslash 040."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text)
