"""Pure: the streams of one entity over one slice as one blob, each readable by itself.

    u8 format, u32 streams, u32 directory bytes, directory, stream bytes
    directory = deflate(u32 key * streams, u32 offset * streams), in ascending order of key

Equal streams share their bytes: a gauge that stood still has one minimum, maximum and average.
"""

import struct
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Mapping

FORMAT = 1
_HEADER = struct.Struct("<BII")
_WORD = array("I").itemsize


def pack(streams: Mapping[int, bytes]) -> bytes:
    """The blob of these encoded streams."""
    keys = sorted(streams)
    placed: dict[bytes, int] = {}
    end = 0
    for key in keys:
        if (data := streams[key]) not in placed:
            placed[data] = end
            end += len(data)
    offsets = array("I", (placed[streams[key]] for key in keys))
    directory = zlib.compress(array("I", keys).tobytes() + offsets.tobytes(), 6)
    return b"".join([_HEADER.pack(FORMAT, len(keys), len(directory)), directory, *placed])


class Chunk:
    """A blob's streams by key."""

    def __init__(self, blob: bytes) -> None:
        """Reads the directory only; ValueError for another format."""
        found, count, length = _HEADER.unpack_from(blob)
        if found != FORMAT:
            raise ValueError(f"a chunk of unknown format {found}")
        self._blob = blob
        self._start = _HEADER.size + length
        words = array("I", zlib.decompress(blob[_HEADER.size : self._start]))
        self.keys, self._offsets = words[:count], words[count:]
        self._ends = sorted({*self._offsets, len(blob) - self._start})

    def get(self, key: int) -> bytes | None:
        """One stream's bytes, None where the chunk has none of that key."""
        place = bisect_left(self.keys, key)
        if place == len(self.keys) or self.keys[place] != key:
            return None
        offset = self._offsets[place]
        end = self._ends[bisect_left(self._ends, offset + 1)]
        return self._blob[self._start + offset : self._start + end]
