"""What is made once and found again by the content of what it was made from."""

import os
from pathlib import Path

import pytest
from vm import cache


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def test_the_key_is_of_the_content(tmp_path: Path) -> None:
    file = tmp_path / "packages.txt"
    file.write_text("lxc\n", encoding="ascii")
    before = cache.key("trixie", file)
    assert cache.key("trixie", file) == before
    assert cache.key("bookworm", file) != before
    file.write_text("lxc\nlvm2\n", encoding="ascii")
    assert cache.key("trixie", file) != before
    assert cache.key("ab", "c") != cache.key("a", "bc")


def test_it_is_made_once() -> None:
    made: list[Path] = []

    def make(path: Path) -> None:
        made.append(path)
        path.write_text("image", encoding="ascii")

    assert cache.made("image", make) == cache.made("image", make)
    assert cache.made("image", make).read_text("ascii") == "image"
    assert len(made) == 1
    cache.made("image", make, fresh=True)
    assert len(made) == 2


def test_what_was_not_finished_is_not_found(home: Path) -> None:
    def half(path: Path) -> None:
        path.mkdir()
        (path / "kernel").touch()
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        cache.made("image", half)
    assert [path.name for path in home.iterdir()] == ["image.lock"]


def test_the_last_used_are_kept_and_what_runs(home: Path) -> None:
    for age, name in enumerate(("image-a", "image-b", "image-c", "image-d")):
        cache.made(name, Path.mkdir)
        os.utime(home / name, (1000 - age, 1000 - age))
    (home / "run/machine").mkdir(parents=True)
    (home / "run/machine/image").symlink_to(home / "image-d")
    cache.forget_old("image-", keep=2)
    left = {path.name for path in home.glob("image-?")}
    assert left == {"image-a", "image-b", "image-d"}
    assert not (home / "image-c.lock").exists()


def test_a_second_one_is_told_that_it_is_busy(home: Path) -> None:
    with (
        cache.locked(home / "run/machine.lock"),
        pytest.raises(BlockingIOError),
        cache.locked(home / "run/machine.lock", wait=False),
    ):
        pass
