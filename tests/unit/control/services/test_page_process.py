import os
import sys
import time
from pathlib import Path

import pytest

from control.services import page_process
from control.services.page_process import PageProcess


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", code]


def wait_for(path: Path, size: int) -> list[int]:
    """The numbers in the file, once there are `size` of them."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        numbers = [int(word) for word in path.read_text().split()] if path.exists() else []
        if len(numbers) >= size:
            return numbers
        time.sleep(0.02)
    raise AssertionError(f"{path} never had {size} numbers")


WRITES_PID = "import os,sys,time; open({path!r}, 'a').write(f'{{os.getpid()}} '); {rest}"


def test_it_starts_again_what_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_process, "_FIRST_PAUSE_S", 0.01)
    pids = tmp_path / "pids"
    page = PageProcess(python(WRITES_PID.format(path=str(pids), rest="sys.exit(3)")))
    page.start()
    try:
        first, second, *_ = wait_for(pids, 2)
        assert first != second
    finally:
        page.stop()


def test_stop_ends_the_child(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    page = PageProcess(python(WRITES_PID.format(path=str(pids), rest="time.sleep(600)")))
    page.start()
    (pid,) = wait_for(pids, 1)
    page.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_stop_during_a_pause_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_process, "_FIRST_PAUSE_S", 3600.0)
    pids = tmp_path / "pids"
    page = PageProcess(python(WRITES_PID.format(path=str(pids), rest="sys.exit(1)")))
    page.start()
    wait_for(pids, 1)
    page.stop()
    assert len(wait_for(pids, 1)) == 1


def test_a_child_that_ignores_sigterm_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_process, "_TERM_TIMEOUT_S", 0.2)
    pids = tmp_path / "pids"
    rest = "time.sleep(600)"
    code = "import signal; signal.signal(15, signal.SIG_IGN); " + WRITES_PID
    page = PageProcess(python(code.format(path=str(pids), rest=rest)))
    page.start()
    (pid,) = wait_for(pids, 1)
    page.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
