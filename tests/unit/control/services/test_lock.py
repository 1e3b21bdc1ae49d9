import os
from pathlib import Path

import pytest

from control.problem import Problem
from control.services import lock

STORE = Path("/var/lib/nebulxc/store")


def test_a_second_agent_is_told_of_the_first(tmp_path: Path) -> None:
    with (
        lock.held(STORE, tmp_path),
        pytest.raises(Problem, match=rf"already running \(pid {os.getpid()}\)"),
        lock.held(STORE, tmp_path),
    ):
        pass


def test_another_store_may_have_its_own_agent(tmp_path: Path) -> None:
    with lock.held(STORE, tmp_path), lock.held(Path("/other"), tmp_path):
        pass


def test_an_ended_agent_leaves_the_lock_free(tmp_path: Path) -> None:
    for _ in range(2):
        with lock.held(STORE, tmp_path):
            pass


def test_nobody_else_can_take_the_lock(tmp_path: Path) -> None:
    with lock.held(STORE, tmp_path):
        (file,) = tmp_path.iterdir()
        assert file.stat().st_mode & 0o777 == 0o600


def test_an_impossible_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Problem, match="cannot lock"), lock.held(STORE, tmp_path / "file"):
        pass
