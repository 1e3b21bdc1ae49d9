import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.children import child

pytestmark = pytest.mark.host

PARENT = """
import subprocess, sys, time
from control.services.page_process import as_user
child = subprocess.Popen(as_user("nobody", ["sleep", "600"]))
print(child.pid, flush=True)
time.sleep(600)
"""


def test_the_page_has_no_privileges_and_dies_with_a_killed_agent() -> None:
    with child([sys.executable, "-I", "-c", PARENT], stdout=subprocess.PIPE) as agent:
        page = int(agent.stdout.readline())
        status = _status_once_it_sleeps(page)
        agent.send_signal(signal.SIGKILL)
    assert set(status["Uid"].split()) == {"65534"}
    assert status["Groups"].strip() == ""
    assert (status["CapEff"], status["CapBnd"], status["NoNewPrivs"]) == ("0" * 16, "0" * 16, "1")
    assert _ended(page)


def _status_once_it_sleeps(pid: int) -> dict[str, str]:
    """The lines of /proc/PID/status, once setpriv has become what it runs."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        text = Path(f"/proc/{pid}/status").read_text()
        if text.startswith("Name:\tsleep"):
            return dict(line.split(":\t", 1) for line in text.splitlines())
        time.sleep(0.02)
    raise AssertionError("the child was never started")


def _ended(pid: int) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False
