"""Groups whose values follow from what their files say."""

import os
from functools import partial
from pathlib import Path

import pytest

from collector.files import Text
from collector.formats import FormatError, Values, number
from collector.model import Column
from collector.pace import Pace
from collector.slow import Slow
from collector.source import FileSource

COLUMNS = (Column("lxc_a"), Column("lxc_b"))


def one(data: bytes) -> Values:
    return (number(data),)


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "a", tmp_path / "b"]
    for path, text in zip(paths, ("1\n", "2\n"), strict=True):
        path.write_text(text)
    return paths


def test_values_are_in_the_order_of_the_files_and_change_with_them(two: list[Path]) -> None:
    source = FileSource(COLUMNS, *(partial(Text, path, one) for path in two))
    before = source.read()
    assert before == (COLUMNS, (1.0, 2.0))
    assert source.read() is before
    two[1].write_text("3\n")
    assert source.read() == (COLUMNS, (1.0, 3.0))
    two[1].write_text("2\n")
    assert source.read() == before
    source.close()


def test_values_can_be_worked_out(two: list[Path]) -> None:
    def summed(left: Values, right: Values) -> Values:
        return (left[0] + right[0],)

    source = FileSource(COLUMNS[:1], *(partial(Text, path, one) for path in two), values=summed)
    assert source.read() == (COLUMNS[:1], (3.0,))
    source.close()


def test_what_is_slow_is_read_once_per_round(two: list[Path]) -> None:
    pace = Pace()
    source = FileSource(
        COLUMNS, partial(Text, two[0], one), partial(Slow, pace, two[1], one, (0.0,))
    )
    source.read()
    two[1].write_text("3\n")
    assert source.read()[1] == (1.0, 2.0)
    pace.round += 1
    assert source.read()[1] == (1.0, 3.0)
    source.close()


def test_an_error_hides_no_later_value(two: list[Path]) -> None:
    source = FileSource(COLUMNS, *(partial(Text, path, one) for path in two))
    source.read()
    two[0].write_text("x\n")
    with pytest.raises(FormatError, match=str(two[0])):
        source.read()
    two[0].write_text("5\n")
    assert source.read() == (COLUMNS, (5.0, 2.0))
    # The first file says another thing in the cycle in which the second one fails.
    two[0].write_text("6\n")
    two[1].write_text("x\n")
    with pytest.raises(FormatError, match=str(two[1])):
        source.read()
    two[1].write_text("2\n")
    assert source.read() == (COLUMNS, (6.0, 2.0))
    source.close()


def test_files_opened_together_leave_none_open_when_one_is_missing(two: list[Path]) -> None:
    before = len(os.listdir("/proc/self/fd"))
    two[1].unlink()
    with pytest.raises(FileNotFoundError):
        FileSource(COLUMNS, *(partial(Text, path, one) for path in two))
    assert len(os.listdir("/proc/self/fd")) == before
