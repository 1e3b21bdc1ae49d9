"""Directories that appear and vanish."""

import ctypes
from pathlib import Path

import pytest

from collector.watch import Watch


def test_an_entry_made_or_removed_is_told_once(tmp_path: Path) -> None:
    watch = Watch()
    watch.add(tmp_path)
    assert not watch.changed()
    (tmp_path / "a").mkdir()
    assert watch.changed()
    assert not watch.changed()
    (tmp_path / "a").rmdir()
    assert watch.changed()
    watch.close()


def test_a_directory_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    watch = Watch()
    watch.add(tmp_path / "none")
    assert not watch.changed()
    watch.close()


def test_without_inotify_everything_may_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing:
        """inotify_init1 fails with EMFILE: too many instances of this user."""

        def __init__(self, *_: object, **__: object) -> None: ...

        def inotify_init1(self, _: int) -> int:
            return -1

    monkeypatch.setattr(ctypes, "CDLL", Refusing)
    watch = Watch()
    watch.add(tmp_path)
    assert watch.changed()
    assert watch.changed()
    assert watch.fileno() == -1
    watch.close()
