"""Reading: whole files, kept descriptors, what is told of one that fails."""

import errno
import os
from pathlib import Path

import pytest

from collector.files import Text, Texts, read_new
from collector.formats import FormatError, Values, number
from collector.group import Gone


def one(data: bytes) -> Values:
    return (number(data),)


def test_values_follow_the_file_through_one_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "pids.current"
    path.write_text("3\n")
    text = Text(path, one)
    assert text.read() == (3.0,)
    path.write_text("4\n")
    assert text.read() == (4.0,)
    text.close()


def test_an_unchanged_file_is_not_parsed_again(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("3\n")
    parsed: list[bytes] = []

    def noting(data: bytes) -> Values:
        parsed.append(data)
        return (1.0,)

    text = Text(path, noting)
    assert text.read() is text.read()
    assert parsed == [b"3\n"]
    text.close()


def test_an_error_names_the_file_and_the_next_reading_recovers(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("3\n")
    text = Text(path, one)
    text.read()
    for spoilt in ("x\n", "", "3"):
        path.write_text(spoilt)
        with pytest.raises(FormatError, match=str(path)):
            text.read()
    path.write_text("3\n")
    assert text.read() == (3.0,)
    text.close()


def test_a_file_beyond_the_buffer_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "f"
    for size in (4095, 4096, 4097, 70_000):
        path.write_bytes(b"x" * size)
        text = Text(path, lambda data: (float(len(data)),))
        assert text.read() == (size,)
        assert len(read_new(str(path))) == size
        text.close()


@pytest.mark.parametrize("gone", [errno.ENODEV, errno.ESRCH])
def test_what_ended_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: int) -> None:
    (tmp_path / "f").write_text("1\n")
    text = Text(tmp_path / "f", one)

    def failing(*_: object) -> bytes:
        raise OSError(gone, os.strerror(gone))

    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(Gone):
        text.read()
    text.close()


def test_another_error_of_the_device_names_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f").write_text("1\n")
    text = Text(tmp_path / "f", one)

    def failing(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(OSError, match=f"Input/output error: '{tmp_path / 'f'}'"):
        text.read()
    text.close()


def test_files_opened_together_leave_none_open_when_one_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1\n")
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(FileNotFoundError):
        Texts((tmp_path / "a", one), (tmp_path / "b", one))
    assert len(os.listdir("/proc/self/fd")) == before
