"""Who is a host's client, and who is taken for it."""

import subprocess
from pathlib import Path

import pytest

from control.monitoring import client_lock
from control.problem import Problem


def test_a_number_that_a_client_left_behind_is_nobodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed client's number may be another process's by now, while the next one starts."""
    monkeypatch.setattr(client_lock, "GRACE_S", 0.2)
    with subprocess.Popen(["/bin/sleep", "600"]) as stranger:
        (tmp_path / "nebulxc-monitord-1.pid").write_text(f"{stranger.pid}\n")
        with client_lock.held(1, tmp_path), pytest.raises(Problem, match="cannot be ended"):
            client_lock.end(1, tmp_path)
        assert stranger.poll() is None
        stranger.kill()


def test_one_after_the_other(tmp_path: Path) -> None:
    with client_lock.held(1, tmp_path) as file:
        client_lock.tell_pid(file)
    assert not client_lock.end(1, tmp_path), "there is none to be ended"
