"""The archive of the checkout that the guest gets, while others edit it."""

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from vm.checkout import files, packed
from vm.process import CommandError


def content(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        found = {entry.name: tar.extractfile(entry) for entry in tar if entry.isreg()}
        return {name: file.read() for name, file in found.items() if file}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("/var/\n", encoding="ascii")
    for name in ("known", "new", "var"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file with ü").write_text(name, encoding="utf-8")
    subprocess.run(["git", "-C", str(tmp_path), "add", "known"], check=True)
    return tmp_path


def test_what_git_knows_or_would_add(checkout: Path) -> None:
    assert sorted(files(checkout)) == [".gitignore", "known/file with ü", "new/file with ü"]


def test_a_file_that_is_gone_meanwhile_is_left_out(checkout: Path) -> None:
    names = files(checkout)
    (checkout / "new/file with ü").unlink()
    assert content(packed(checkout, names)) == {
        ".gitignore": b"/var/\n",
        "known/file with ü": b"known",
    }


def test_links_stay_links_and_modes_stay(checkout: Path) -> None:
    (checkout / "program").write_text("#!/bin/sh\n", encoding="ascii")
    (checkout / "program").chmod(0o755)
    (checkout / "link").symlink_to("program")
    os.link(checkout / "program", checkout / "same")
    archive = packed(checkout, files(checkout))
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert tar.getmember("link").linkname == "program"
        assert tar.getmember("program").mode == 0o755
    both = content(archive)
    assert both["program"] == both["same"] == b"#!/bin/sh\n"


def test_no_checkout_says_what_git_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="not a git repository"):
        files(tmp_path)
