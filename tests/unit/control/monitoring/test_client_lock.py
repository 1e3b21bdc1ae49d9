"""Who is a host's client, and who is taken for it."""

import contextlib
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.busybox import until
from support.children import child

from control.monitoring import client_lock
from control.problem import Problem

HOLDER = """
import sys, time
from pathlib import Path
from control.monitoring import client_lock
client_lock.GRACE_S = 3600.0
with client_lock.held(1, Path(sys.argv[1])) as file:
    client_lock.tell_pid(file)
    time.sleep(600)
"""


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


def test_of_several_that_start_at_once_each_former_one_is_asked_politely(tmp_path: Path) -> None:
    """The second to hold it, too: it is not left until the time for the first is over."""
    argv = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with contextlib.ExitStack() as running:
        holders = [running.enter_context(child(argv)) for _ in range(3)]
        left = {None: 1, -signal.SIGTERM: 2}
        until(lambda: Counter(each.poll() for each in holders) == left, "one that is left")
