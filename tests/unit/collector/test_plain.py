from pathlib import Path

import pytest

from collector import plain


@pytest.mark.parametrize("size", [0, 1, 3_499, 3_500, 3_501, 65_536, 200_000])
def test_a_file_is_read_whole(tmp_path: Path, size: int) -> None:
    (tmp_path / "file").write_text("x" * size + "\n")
    assert plain.text(str(tmp_path / "file")) == "x" * size


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert plain.text(str(tmp_path)) is None
    assert plain.text(str(tmp_path / "none")) is None
    assert plain.number(str(tmp_path / "none")) is None
    assert plain.names(str(tmp_path / "none")) == []
    assert plain.is_absent(tmp_path / "none")
    assert not plain.is_absent(tmp_path)


def test_what_cannot_be_looked_at_is_not_known_to_be_absent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not plain.is_absent(tmp_path / "file" / "below")


def test_a_table_of_the_kernels_comes_in_pieces_and_whole() -> None:
    assert (plain.text("/proc/kallsyms") or "").count("\n") > 1000


def test_numbers(tmp_path: Path) -> None:
    for name in ("node0", "node10", "node2", "node01", "nodes", "node3x", "other4"):
        (tmp_path / name).mkdir()
    found = plain.numbered(str(tmp_path), "node")
    assert [number for number, _ in found] == [0, 2, 10]
    (tmp_path / "many").write_text("12\n")
    (tmp_path / "minus").write_text("-1\n")
    assert plain.number(str(tmp_path / "many")) == 12
    assert plain.number(str(tmp_path / "minus")) is None
