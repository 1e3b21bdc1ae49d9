"""Which devices a v1 hierarchy counts, asked of its root for all containers."""

from pathlib import Path

import pytest

from collector.counted import Counted
from collector.formats import FormatError
from collector.hardware import RECHECK_S

NAME = "blkio.throttle.io_serviced_recursive"
ONE = "254:0 Read 1\n254:0 Write 0\n254:0 Sync 1\n254:0 Async 0\n254:0 Total 1\nTotal 1\n"


def test_the_root_is_asked_once_for_all_and_again_later(tmp_path: Path) -> None:
    now = 0.0
    counted = Counted(lambda: now)
    (tmp_path / "a/b").mkdir(parents=True)
    for directory in (tmp_path, tmp_path / "a", tmp_path / "a/b"):
        (directory / NAME).write_text("Total 0\n")
    (tmp_path / NAME).write_text(ONE)
    assert set(counted.devices(tmp_path / "a/b" / NAME)) == {b"254:0"}
    (tmp_path / NAME).write_text(ONE.replace("254:0", "7:0"))
    assert set(counted.devices(tmp_path / "a" / NAME)) == {b"254:0"}
    now = RECHECK_S
    assert set(counted.devices(tmp_path / "a" / NAME)) == {b"7:0"}


def test_garbage_names_the_file(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("x\n")
    with pytest.raises(FormatError, match=str(tmp_path / NAME)):
        Counted().devices(tmp_path / NAME)
