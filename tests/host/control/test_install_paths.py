"""Steps in the file system, as root because they give things to root."""

import grp
import os
from pathlib import Path

import pytest
from support.steps import applied, removed

from control.install.paths import Directory, Link, TextFile

pytestmark = pytest.mark.host

GROUP = "daemon"  # Debian has it everywhere


def test_a_directory_gets_mode_and_group(tmp_path: Path) -> None:
    step = Directory(tmp_path / "a" / "store", 0o2750, GROUP)
    applied(step)
    status = step.path.stat()
    assert (status.st_mode & 0o7777, status.st_gid) == (0o2750, grp.getgrnam(GROUP).gr_gid)
    os.chown(step.path, 1, 0)
    step.path.chmod(0o777)
    assert step.missing() == (
        f"change {step.path}/: mode 0777 becomes 2750, owner becomes root, group becomes daemon"
    )
    applied(step)
    removed(step)


def test_a_directory_with_something_in_it_stays(tmp_path: Path) -> None:
    step = Directory(tmp_path / "d", 0o755)
    applied(step)
    (step.path / "file").touch()
    assert step.leftover() == ""
    step.remove()
    assert (step.path / "file").exists()


def test_data_stays(tmp_path: Path) -> None:
    step = Directory(tmp_path / "d", 0o755, data=True)
    applied(step)
    assert step.leftover() == ""


def test_a_changed_text_is_shown_and_put_back(tmp_path: Path) -> None:
    step = TextFile(tmp_path / "unit", "a\nb\n", 0o640, GROUP)
    applied(step)
    assert step.path.stat().st_mode & 0o7777 == 0o640
    step.path.write_text("a\nc\n")
    said = step.missing().splitlines()
    assert said[0] == f"change {step.path}"
    assert {"    -c", "    +b"} <= set(said)
    applied(step)
    assert step.path.read_text() == "a\nb\n"
    assert os.listdir(tmp_path) == ["unit"]
    removed(step)


def test_what_the_administrator_changed_is_theirs(tmp_path: Path) -> None:
    step = TextFile(tmp_path / "nebulxc.toml", "default\n", 0o640, GROUP, kept=True)
    applied(step)
    step.path.write_text("mine\n")
    assert (step.missing(), step.leftover()) == ("", "")
    step.path.chmod(0o666)
    applied(step)
    step.remove()
    assert step.path.read_text() == "mine\n"


def test_a_kept_text_that_nobody_changed_goes(tmp_path: Path) -> None:
    step = TextFile(tmp_path / "nebulxc.toml", "default\n", kept=True)
    applied(step)
    removed(step)
    assert not step.path.exists()


def test_a_link_is_made_and_removed(tmp_path: Path) -> None:
    step = Link(tmp_path / "nebulxc", Path("/opt/nebulxc/bin/nebulxc"))
    applied(step)
    removed(step)


def test_another_programs_file_is_not_replaced_by_a_link(tmp_path: Path) -> None:
    step = Link(tmp_path / "nebulxc", Path("/opt/nebulxc/bin/nebulxc"))
    step.path.write_text("theirs")
    assert (step.missing(), step.leftover()) == ("", "")
