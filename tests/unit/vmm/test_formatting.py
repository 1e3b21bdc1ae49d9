"""Over real files; programs are those of a test."""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from vmm.errors import DriverError
from vmm.host import Host
from vmm.spec import Disk, DiskKind
from vmm.storage import formatting

SIZE = 1 << 20


class Mkfs(Host):
    """An mkfs that writes `text` and then does as the test wants."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.then = then
        self.argv: tuple[str, ...] = ()

    def run(
        self,
        *argv: str,
        timeout: float = 0,  # noqa: ARG002 - Host's signature
        env: Mapping[str, str] | None = None,  # noqa: ARG002
        remedy: str = "",  # noqa: ARG002
    ) -> str:
        self.argv = argv
        with open(argv[-1], "r+b") as file:
            file.write(b"file system")
        self.then()
        return ""


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    path = tmp_path / "disk.1"
    path.touch()
    path.chmod(0o640)
    os.truncate(path, SIZE)
    return Disk(1, DiskKind.VOLATILE, str(path), "/media/one-disk.1")


def test_the_image_is_replaced_by_a_whole_one(disk: Disk, tmp_path: Path) -> None:
    mkfs = Mkfs()
    formatting.apply(disk, "xfs", mkfs)
    assert mkfs.argv[:-1] == ("mkfs.xfs", "-q", "-f")
    image = Path(disk.source)
    assert image.read_bytes() == b"file system".ljust(SIZE, b"\0")
    assert stat.S_IMODE(image.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["disk.1"]


def test_an_mkfs_that_refuses_is_not_to_be_installed(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mkfs.xfs wants 300 MB: to say "install mkfs.xfs" then would mislead."""
    program = tmp_path / "refuses"
    program.write_text("#!/bin/sh\necho too small >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setitem(formatting.MKFS, "xfs", (str(program),))
    with pytest.raises(DriverError) as caught:
        formatting.apply(disk, "xfs", Host())
    assert str(caught.value) == f"{program} exited with 1: too small"


def _killed() -> None:
    raise KeyboardInterrupt


def test_a_killed_mkfs_leaves_the_image_empty(disk: Disk, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        formatting.apply(disk, "ext4", Mkfs(_killed))
    assert Path(disk.source).read_bytes() == bytes(SIZE)
    assert os.listdir(tmp_path) == ["disk.1"]


def test_what_a_killed_action_left_is_made_anew(disk: Disk, tmp_path: Path) -> None:
    """Its mkfs may still be running: it goes on with a file that nobody will ever see."""
    left = tmp_path / ".disk.1.formatting"
    left.write_bytes(b"half of a file system")
    with left.open("r+b") as running:
        formatting.apply(disk, "ext4", Mkfs(lambda: _write(running.fileno())))
    assert Path(disk.source).read_bytes() == b"file system".ljust(SIZE, b"\0")
    assert os.listdir(tmp_path) == ["disk.1"]


def _write(fd: int) -> None:
    os.write(fd, b"the other half")


def test_a_file_system_that_is_not_known(disk: Disk) -> None:
    with pytest.raises(DriverError, match="disk 1 asks for the file system ntfs; use ext4, xfs"):
        formatting.apply(disk, "ntfs", Mkfs())


def test_an_image_that_became_a_link_is_not_followed(disk: Disk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"a user's data")
    os.unlink(disk.source)
    os.symlink(other, disk.source)
    with pytest.raises(DriverError, match="cannot open the image"):
        formatting.apply(disk, "ext4", Mkfs())
    assert other.read_bytes() == b"a user's data"
