import os
from pathlib import Path

import pytest

from control.services.page_environment import argv, objection

ROOTS_OWN = Path("/usr/bin/python3")


def test_the_distributions_python_is_fine() -> None:
    assert objection(ROOTS_OWN) is None


@pytest.mark.parametrize("name", ["ls", "no-such-file"])
def test_what_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    said = objection(tmp_path / name)
    assert said is not None
    assert said.startswith("the page does not run: ")


def test_a_private_directory_on_the_way_is_refused() -> None:
    said = objection(ROOTS_OWN, package=Path("/proc/self/fd"))
    assert said is not None
    assert "is closed to others" in said


def test_what_others_can_change_is_refused(tmp_path: Path) -> None:
    said = objection(ROOTS_OWN, package=tmp_path)
    assert said is not None
    if os.geteuid() == 0:
        assert "is closed to others" in said
    else:
        assert "is not root's" in said


def test_a_symlink_does_not_hide_where_the_interpreter_is(tmp_path: Path) -> None:
    (tmp_path / "python3").symlink_to("/usr/bin/python3")
    assert objection(tmp_path / "python3") is not None


def test_it_runs_isolated_and_reads_its_configuration_from_the_agent() -> None:
    assert argv(Path("/e/bin/python3")) == [
        "/e/bin/python3", "-I", "-m", "control.services.page", "--config", "-",
    ]  # fmt: skip
