"""A block device's counters."""

from pathlib import Path

import pytest

from collector.blockstat import BlockStat, block_stat
from collector.formats import FormatError

LVM = Path(__file__).parents[2] / "captures/debian12-6.1-lvm"


def test_sectors_are_512_bytes_and_times_seconds() -> None:
    # rbd0 of the capture's diskstats: 160 28 48672 4747 90 278 149936 8395 0 6200 …
    stat = BlockStat(LVM / "sys/block/rbd0/stat")
    assert stat.read() == (48672 * 512.0, 149936 * 512.0, 160.0, 90.0, 6.2)
    stat.close()


@pytest.mark.parametrize("bad", [b"", b"1 2 3\n", b"1 2 3 4 5 6 7 8 9 10 x\n"])
def test_another_shape_is_an_error(bad: bytes) -> None:
    with pytest.raises(FormatError):
        block_stat(bad)
