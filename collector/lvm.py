"""Pure: what LVM2 keeps on a physical volume, as far as it tells how full the volume group is.

One of a volume's first four sectors holds a label. Behind it stand the places of the metadata
areas; the header of such an area tells where in it the current text lies, and the text describes
the whole volume group. Every volume of a group normally has the same text: of two, that with the
higher `seqno` is newer. A volume in no group yet has no text.

The text names what each segment of a logical volume lies on, so that extents in use are those of
segments on physical volumes. Those of mirrors, RAID, caches and thin volumes lie on other logical
volumes, which are in the text too. The capacity is that of vgs(8): a thin pool takes all of itself.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

SECTOR = 512
LABEL_BYTES = 4 * SECTOR
"""Where on a device the label is looked for."""
HEADER_BYTES = SECTOR
"""At the start of each metadata area."""
TEXT_MAX = 1 << 23
"""Bytes: some 25,000 logical volumes. A longer text is not read."""
_DEVICE_MAX = 1 << 62

_LABEL = struct.Struct("<8sQII8s")
_CHECKED_LABEL_FROM = 20
_UUID_AND_SIZE = 40
_PLACE = struct.Struct("<QQ")
_HEADER = struct.Struct("<I16sIQQ")
_CHECKED_HEADER_FROM = 4
_MAGIC = b" LVM2 x[5A%r0N*>"
_TEXT = struct.Struct("<QQII")
_IGNORED = 1
_CRC_START = 0xF597A6CF
_ONES = 0xFFFFFFFF

_TOKEN = re.compile(r'\s+|#[^\n]*|"(?:[^"\\]|\\.)*"|[={}\[\],]|[^\s={}\[\],"#]+', re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9+_.][A-Za-z0-9+_.-]{0,126}")
_DEPTH_MAX = 16
_DIGITS_MAX = 18

_SIGNS = '={}[],"'

Value = int | str | list[int | str]
Section = dict[str, "Value | Section"]


class LvmError(ValueError):
    """What is there is not as LVM2 writes it, or is being written."""


@dataclass(frozen=True, slots=True)
class Area:
    """A metadata area: where on the device it begins, and its length, in bytes."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Text:
    """Where the current text is: (offset, size) of its pieces on the device, and its checksum."""

    pieces: tuple[tuple[int, int], ...]
    checksum: int


@dataclass(frozen=True, slots=True)
class VolumeGroup:
    """A volume group as of its `seqno`th change; `size` and `free` in bytes."""

    identity: str
    name: str
    seqno: int
    size: int
    free: int


def checksum(data: bytes) -> int:
    """LVM2's: CRC-32 from another start, and not inverted at its end."""
    return zlib.crc32(data, _CRC_START ^ _ONES) ^ _ONES


def areas(start: bytes) -> tuple[Area, ...] | None:
    """The metadata areas by a device's first LABEL_BYTES; None where it is no physical volume."""
    for number in range(len(start) // SECTOR):
        sector = start[number * SECTOR : (number + 1) * SECTOR]
        name, at, crc, offset, kind = _LABEL.unpack_from(sector)
        if name == b"LABELONE" and at == number and kind == b"LVM2 001":
            if checksum(sector[_CHECKED_LABEL_FROM:]) != crc:
                raise LvmError("the label's checksum is wrong")
            return _areas(sector, offset + _UUID_AND_SIZE)
    return None


def _areas(sector: bytes, offset: int) -> tuple[Area, ...]:
    """Two lists of places, each up to one of zeros: where data is, and where metadata is."""
    lists: list[list[Area]] = [[], []]
    for found in lists:
        while True:
            if offset + _PLACE.size > len(sector):
                raise LvmError("the list of areas has no end")
            place = Area(*_PLACE.unpack_from(sector, offset))
            offset += _PLACE.size
            if place == Area(0, 0):
                break
            if place.offset + place.size > _DEVICE_MAX:
                raise LvmError("an area lies outside of any device")
            found.append(place)
    return tuple(lists[1])


def text_place(header: bytes, area: Area) -> Text | None:
    """Where an area's text is by its first HEADER_BYTES; None where it has none, or old ones."""
    if len(header) != HEADER_BYTES:
        raise LvmError("the header of a metadata area is cut short")
    crc, magic, version, start, size = _HEADER.unpack_from(header)
    if magic != _MAGIC or version != 1 or (start, size) != (area.offset, area.size):
        raise LvmError("a metadata area does not begin as one")
    if checksum(header[_CHECKED_HEADER_FROM:]) != crc:
        raise LvmError("the checksum of a metadata area's header is wrong")
    offset, length, crc, flags = _TEXT.unpack_from(header, _HEADER.size)
    if offset == 0 or flags & _IGNORED:
        return None
    if not (HEADER_BYTES <= offset < size and 0 < length <= min(TEXT_MAX, size - HEADER_BYTES)):
        raise LvmError("the text lies outside its metadata area")
    first = min(length, size - offset)
    # The area is written round and round: a text may go on behind the header.
    pieces = [(start + offset, first), (start + HEADER_BYTES, length - first)]
    return Text(tuple(piece for piece in pieces if piece[1]), crc)


def volume_group(text: bytes) -> VolumeGroup:
    """The group that a metadata text, whose checksum was found right, describes."""
    groups = [(name, each) for name, each in _parsed(text).items() if isinstance(each, dict)]
    if len(groups) != 1:
        raise LvmError("the text does not describe one volume group")
    name, group = groups[0]
    identity, extent = group.get("id"), _number(group, "extent_size") * SECTOR
    if not _NAME.fullmatch(name) or not isinstance(identity, str):
        raise LvmError("the volume group has no name or no id")
    volumes = dict(_sections(group, "physical_volumes"))
    size = sum(_number(volume, "pe_count") for volume in volumes.values())
    used = sum(
        _used(segment, frozenset(volumes))
        for _, volume in _sections(group, "logical_volumes")
        for segment in volume.values()
        if isinstance(segment, dict)
    )
    if used > size:
        raise LvmError("more extents are in use than there are")
    seqno = _number(group, "seqno")
    return VolumeGroup(identity, name, seqno, size * extent, (size - used) * extent)


def _used(segment: Section, volumes: frozenset[str]) -> int:
    """Extents of physical volumes that a segment takes.

    It is divided among its `stripes`, and whole on each of its `mirrors` (pvmove's, and those of
    old mirrors); both lists are of pairs, what it lies on and from where.
    """
    extents = _number(segment, "extent_count")
    stripes, mirrors = _on(segment, "stripes"), _on(segment, "mirrors")
    striped = sum(name in volumes for name in stripes)
    mirrored = sum(name in volumes for name in mirrors)
    return (striped * extents // len(stripes) if stripes else 0) + mirrored * extents


def _on(segment: Section, key: str) -> list[int | str]:
    found = segment.get(key)
    return found[::2] if isinstance(found, list) else []


def _sections(group: Section, key: str) -> Iterator[tuple[str, Section]]:
    """The sections in one; none where it is not there, as before the first logical volume."""
    found = group.get(key, {})
    if isinstance(found, dict):
        for name, each in found.items():
            if isinstance(each, dict):
                yield name, each


def _number(section: Section, key: str) -> int:
    found = section.get(key)
    if not isinstance(found, int):
        raise LvmError(f"there is no number {key}")
    return found


def _parsed(text: bytes) -> Section:
    """Sections `name { … }`, values `name = value` and lists `name = [value, …]`, in any depth."""
    top: Section = {}
    open_sections = [top]
    words = _words(text)
    for name in words:
        if name == "}" and len(open_sections) > 1:
            open_sections.pop()
            continue
        sign = next(words, "")
        if name[0] in _SIGNS or sign not in {"=", "{"}:
            raise LvmError(f"{name[:40]!r} stands where a name should")
        if sign == "=":
            open_sections[-1][name] = _value(words)
            continue
        if len(open_sections) > _DEPTH_MAX:
            raise LvmError("sections lie too deep in each other")
        section: Section = {}
        open_sections[-1][name] = section
        open_sections.append(section)
    if len(open_sections) > 1:
        raise LvmError("a section has no end")
    return top


def _words(text: bytes) -> Iterator[str]:
    # Only descriptions hold what is not ASCII. The text ends in a byte 0.
    found = text.removesuffix(b"\0").decode("utf-8", "replace")
    at = 0
    while at < len(found):
        match = _TOKEN.match(found, at)
        if match is None:
            raise LvmError("a text in quotes has no end")
        at = match.end()
        word = match[0]
        if not word.isspace() and word[0] != "#":
            yield word


def _value(words: Iterator[str]) -> Value:
    first = next(words, "")
    if first != "[":
        return _scalar(first)
    found: list[int | str] = []
    for word in words:
        if word == "]":
            return found
        if word != ",":
            found.append(_scalar(word))
    raise LvmError("a list has no end")


def _scalar(word: str) -> int | str:
    if word.isascii() and word.isdigit() and len(word) <= _DIGITS_MAX:
        return int(word)
    if not word or word[0] in "={}[],":
        raise LvmError("a value is missing")
    return word[1:-1] if word[0] == '"' else word
