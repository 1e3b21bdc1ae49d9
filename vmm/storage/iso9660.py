"""The files of an ISO 9660 image, by ECMA-119 with Rock Ridge names and modes where it has them.

Pure: bytes in, entries out. Reads what OpenNebula writes with `genisoimage -J -R`; Joliet and
symbolic links are left out. Imported by hooks: keep it lean.
"""

from __future__ import annotations

import struct

from vmm.lean.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SECTOR = 2048
FIRST_DESCRIPTOR = 16
PRIMARY, TERMINATOR = 1, 255
DIRECTORY_FLAG, MULTI_EXTENT_FLAG = 2, 128
MAX_DEPTH, MAX_ENTRIES = 16, 10_000
S_IFMT, S_IFLNK = 0o170000, 0o120000
NAME_AT = 33
"""Where the name begins in a directory record."""
FIELD_HEAD, PX_BYTES, CE_BYTES = 4, 12, 28
"""The least length of a field of a system use area, and of the two read here."""


class Damaged(Exception):
    """The image cannot be read; the text says where."""


class Entry(Value):
    """One file or directory: its path below the root, permission bits, and a file's content."""

    path: str
    mode: int
    is_directory: bool
    data: bytes


class _Record(Value):
    """One directory record of ECMA-119 9.1."""

    name: bytes
    sector: int
    size: int
    flags: int
    system_use: bytes


def entries(image: bytes) -> Iterator[Entry]:
    """Every file and directory, a directory before what it holds."""
    for count, entry in enumerate(_walk(image, _root(image), "", 0)):
        if count >= MAX_ENTRIES:
            raise Damaged(f"more than {MAX_ENTRIES} files")
        yield entry


def _slice(image: bytes, start: int, size: int) -> bytes:
    if start + size > len(image):
        raise Damaged(f"it ends at byte {len(image)}, before {start + size}")
    return image[start : start + size]


def _root(image: bytes) -> _Record:
    """The root directory as the primary volume descriptor names it."""
    for sector in range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + 64):
        descriptor = _slice(image, sector * SECTOR, SECTOR)
        if descriptor[1:6] != b"CD001":
            raise Damaged(f"no ISO 9660 volume descriptor in sector {sector}")
        if descriptor[0] == PRIMARY:
            return _record(descriptor[156:190])
        if descriptor[0] == TERMINATOR:
            break
    raise Damaged("no primary volume descriptor")


def _record(data: bytes) -> _Record:
    if len(data) <= NAME_AT or len(data) < NAME_AT + data[32]:
        raise Damaged("a directory record is cut short")
    sector, size = struct.unpack_from("<I4xI", data, 2)
    name_end = NAME_AT + data[32]
    # The name is padded to an even length; the system use area follows.
    return _Record(
        data[NAME_AT:name_end], sector, size, data[25], data[name_end + (~data[32] & 1) :]
    )


def _records(image: bytes, directory: _Record) -> Iterator[_Record]:
    """The records of a directory; none crosses a sector, zeros fill the rest."""
    data = _slice(image, directory.sector * SECTOR, directory.size)
    at = 0
    while at < len(data):
        length = data[at]
        if length == 0:
            at = (at // SECTOR + 1) * SECTOR
            continue
        yield _record(data[at : at + length])
        at += length


def _walk(image: bytes, directory: _Record, prefix: str, depth: int) -> Iterator[Entry]:
    if depth > MAX_DEPTH:
        raise Damaged(f"directories nest deeper than {MAX_DEPTH}")
    for record in _records(image, directory):
        if record.name in (b"\0", b"\1"):  # itself and its parent
            continue
        name, mode = _rock_ridge(image, record.system_use)
        path = prefix + _checked(name or _plain(record.name))
        if record.flags & DIRECTORY_FLAG:
            yield Entry(path, _permissions(mode, 0o755), is_directory=True, data=b"")
            yield from _walk(image, record, f"{path}/", depth + 1)
        elif mode is None or mode & S_IFMT != S_IFLNK:
            if record.flags & MULTI_EXTENT_FLAG:
                raise Damaged(f"{path} is in several extents")
            data = _slice(image, record.sector * SECTOR, record.size)
            yield Entry(path, _permissions(mode, 0o644), is_directory=False, data=data)


def _permissions(mode: int | None, default: int) -> int:
    return default if mode is None else mode & 0o755 | 0o400


def _plain(name: bytes) -> str:
    """An ISO name without its version: README.TXT;1."""
    return name.decode("ascii", "replace").partition(";")[0].rstrip(".").lower()


def _checked(name: str) -> str:
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise Damaged(f"a file is named {name!r}")
    return name


def _rock_ridge(image: bytes, area: bytes) -> tuple[str, int | None]:
    """The name (NM) and mode (PX) in a system use area, which CE continues elsewhere."""
    name, mode, continued = b"", None, 0
    at = 0
    while at + FIELD_HEAD <= len(area) and area[at + 2] >= FIELD_HEAD:
        kind, field = area[at : at + 2], area[at : at + area[at + 2]]
        at += len(field)
        if kind == b"NM":
            name += field[5:]
        elif kind == b"PX" and len(field) >= PX_BYTES:
            (mode,) = struct.unpack_from("<I", field, 4)
        elif kind == b"CE" and len(field) >= CE_BYTES:
            continued += 1
            if continued > MAX_DEPTH:
                raise Damaged("a system use area never ends")
            sector, offset, size = struct.unpack_from("<I4xI4xI", field, 4)
            area, at = _slice(image, sector * SECTOR + offset, size), 0
    return name.decode("utf-8", "replace"), mode
