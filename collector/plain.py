"""Small text files and directories for short-lived processes: no module is imported for them."""

from __future__ import annotations

import os

_SURELY_WHOLE = 3500
"""Bytes: the kernel gives a longer file in pieces of whole records, of up to a page each."""


def text(path: str) -> str | None:
    """A small file without its last newline; None where it is missing or does not answer."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        data = piece = os.read(fd, 65536)
        while len(data) > _SURELY_WHOLE and piece:
            piece = os.read(fd, 65536)
            data += piece
    except OSError:
        return None
    finally:
        os.close(fd)
    return os.fsdecode(data.removesuffix(b"\n"))


def is_absent(path: str | os.PathLike[str]) -> bool:
    """Whether there is no such file; not so where that cannot be told."""
    try:
        os.stat(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def number(path: str) -> int | None:
    """A file that holds one whole number; None where it does not."""
    found = text(path)
    return int(found) if found is not None and is_number(found) else None


def names(directory: str) -> list[str]:
    """The entries of a directory, sorted; none where it cannot be read."""
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []


def numbered(directory: str, prefix: str = "", suffix: str = "") -> list[tuple[int, str]]:
    """(number, path) of each entry named `prefix`NUMBER`suffix`, in the order of the numbers."""
    found = []
    for name in names(directory):
        if name.startswith(prefix) and name.endswith(suffix):
            digits = name[len(prefix) : len(name) - len(suffix)]
            if is_number(digits):
                found.append((int(digits), f"{directory}/{name}"))
    return sorted(found)


def is_number(digits: str) -> bool:
    """Whether this is how a whole number is written, without leading zeros."""
    return digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0")
