"""The I/O counters of one block device, from /sys/block/NAME/stat through a kept descriptor."""

from pathlib import Path

from collector.files import Text
from collector.formats import FormatError, Values
from collector.group import Gone
from collector.model import MISSING

_SECTOR = 512  # whatever the device's own sector size: Documentation/block/stat.rst
_FIELDS_MIN = 11

UNKNOWN: Values = (MISSING,) * 5


def block_stat(data: bytes) -> Values:
    """(bytes read, bytes written, reads, writes, seconds with I/O in flight)."""
    words = data.split()
    if len(words) < _FIELDS_MIN or not all(map(bytes.isdigit, words)):
        raise FormatError(data, "a block device's stat")
    reads, _, read, _, writes, _, written, _, _, busy_ms = map(float, words[:10])
    return read * _SECTOR, written * _SECTOR, reads, writes, busy_ms / 1000


class BlockStat:
    """One device's counters; what was unplugged or unmapped is UNKNOWN, and `gone`."""

    def __init__(self, path: Path) -> None:
        """Open `path`, a device's `stat`; OSError when that fails."""
        self._text = Text(path, block_stat)
        self.gone = False

    def read(self) -> Values:
        """The counters now. A device that went is not its reader's end."""
        try:
            return self._text.read()
        except Gone:
            self.gone = True
            return UNKNOWN

    def close(self) -> None:
        """Close the descriptor."""
        self._text.close()
