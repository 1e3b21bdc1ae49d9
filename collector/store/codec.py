"""Pure: a column of doubles as few bytes, and back, bit for bit but for the sign of zero.

Counters and byte sizes are integers in doubles, and seconds are integers of some clock's unit:
differences of those integers, byte plane by byte plane, deflate well. What is not such an
integer keeps its eight bytes. Missing values (NaN) leave the column for a bitmap.
"""

import math
import struct
import zlib
from array import array
from collections.abc import Sequence
from itertools import accumulate, chain
from operator import sub

CONSTANT, INTEGERS, DOUBLES, MASKED = 0, 1, 2, 0x80
SCALES = (1, 100, 10**3, 10**6, 10**9)
"""Whole numbers; clock ticks; milli-, micro- and nanoseconds kept as seconds."""
WIDTHS = ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))
PROBES = 4
_CONSTANT = struct.Struct("<d")
_INTEGERS = struct.Struct("<BBq")
_LENGTH = struct.Struct("<I")


def encode(values: "array[float]") -> bytes:
    """The column; any length, any doubles."""
    if not math.isnan(sum(values)):
        return _encode_known(values)
    known = array("d", [v for v in values if v == v])  # noqa: PLR0124 -- NaN is what differs
    if len(known) == len(values):  # inf - inf
        return _encode_known(values)
    mask = _deflate(_bitmap(values))
    body = _encode_known(known)
    return bytes([body[0] | MASKED]) + _LENGTH.pack(len(mask)) + mask + body[1:]


def decode(data: bytes, count: int) -> "array[float]":
    """The column of `count` values that `encode` was given."""
    if not data[0] & MASKED:
        return _decode_known(data[0], data[1:], count)
    (length,) = _LENGTH.unpack_from(data, 1)
    start = 1 + _LENGTH.size
    present = _present(_inflate(data[start : start + length]), count)
    known = _decode_known(data[0] & ~MASKED, data[start + length :], len(present))
    values = array("d", [math.nan]) * count
    for place, value in zip(present, known, strict=True):
        values[place] = value
    return values


def encode_integers(values: Sequence[int]) -> bytes:
    """A non-empty column of 64-bit integers whose neighbours differ by less than 2^63."""
    return _integers(list(values), 0)


def decode_integers(data: bytes, count: int) -> list[int]:
    """What `encode_integers` was given."""
    return _decode_integers(data, count)[0]


def _encode_known(values: "array[float]") -> bytes:
    if not values or values.count(values[0]) == len(values):
        return bytes([CONSTANT]) + _CONSTANT.pack(values[0] if values else math.nan)
    for place, scale in enumerate(SCALES):
        if (integers := _as_integers(values, scale)) is not None:
            try:
                return bytes([INTEGERS]) + _integers(integers, place)
            except (OverflowError, struct.error):  # beyond 64 bits
                break
    return bytes([DOUBLES]) + _deflate(_planes(values.tobytes(), 8))


def _as_integers(values: "array[float]", scale: int) -> list[int] | None:
    try:
        if scale == 1:
            whole = list(map(int, values))
            return whole if array("d", whole) == values else None
        if any(round(v * scale) / scale != v for v in values[:PROBES]):
            return None
        scaled = [round(v * scale) for v in values]
        return scaled if array("d", [n / scale for n in scaled]) == values else None
    except OverflowError:  # infinity
        return None


def _integers(values: list[int], scale_at: int) -> bytes:
    steps = list(map(sub, values[1:], values))
    signed = min(steps, default=0) < 0
    if signed:
        steps = [n << 1 if n >= 0 else ~(n << 1) for n in steps]
    width, code = _width(max(steps, default=0))
    body = _deflate(_planes(array(code, steps).tobytes(), width))
    return _INTEGERS.pack(scale_at, width | (MASKED if signed else 0), values[0]) + body


def _width(largest: int) -> tuple[int, str]:
    for width, code in WIDTHS:
        if largest < 1 << 8 * width:
            return width, code
    raise OverflowError


def _decode_known(tag: int, data: bytes, count: int) -> "array[float]":
    if tag == CONSTANT:
        return array("d", _CONSTANT.unpack(data)) * count
    if tag == DOUBLES:
        return array("d", _unplane(_inflate(data), 8))
    integers, scale = _decode_integers(data, count)
    return array("d", integers if scale == 1 else [n / scale for n in integers])


def _decode_integers(data: bytes, count: int) -> tuple[list[int], int]:
    scale_at, width, first = _INTEGERS.unpack_from(data)
    raw = _unplane(_inflate(data[_INTEGERS.size :]), width & ~MASKED)
    steps: Sequence[int] = array(dict(WIDTHS)[width & ~MASKED], raw)
    if width & MASKED:
        steps = [~(n >> 1) if n & 1 else n >> 1 for n in steps]
    values = list(accumulate(chain((first,), steps)))
    if len(values) != count:
        raise ValueError(f"a column of {count} values holds {len(values)}")
    return values, SCALES[scale_at]


def _bitmap(values: "array[float]") -> bytes:
    bits = sum(1 << place for place, v in enumerate(values) if v == v)  # noqa: PLR0124 -- not NaN
    return bits.to_bytes((len(values) + 7) // 8, "little")


def _present(bitmap: bytes, count: int) -> list[int]:
    bits = int.from_bytes(bitmap, "little")
    return [place for place in range(count) if bits >> place & 1]


def _planes(data: bytes, width: int) -> bytes:
    return data if width == 1 else b"".join([data[byte::width] for byte in range(width)])


def _unplane(data: bytes, width: int) -> bytes:
    if width == 1:
        return data
    length = len(data) // width
    whole = bytearray(len(data))
    for byte in range(width):
        whole[byte::width] = data[byte * length : (byte + 1) * length]
    return bytes(whole)


def _deflate(data: bytes) -> bytes:
    """Without zlib's header and checksum: six bytes that a short column would feel."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def _inflate(data: bytes) -> bytes:
    return zlib.decompress(data, -15)
