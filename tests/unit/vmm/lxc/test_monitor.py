"""The end of LXC's monitor, with all that it runs."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from support.busybox import until

from vmm import attempt, process
from vmm.lxc import monitor
from vmm.state import MONITOR, State

VARIABLE = "NEBULXC_TEST_MONITOR"
HOOKS_WITHOUT_END = "while :; do sh -c 'sleep 1000 & wait' & sleep 0.01; done"


def test_a_hook_that_it_starts_meanwhile_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look for what runs and the monitor's end."""
    look, mark = process.descendants, str(tmp_path)

    def late(root: int) -> list[int]:
        found = look(root)
        time.sleep(0.3)
        return found

    monkeypatch.setattr(process, "descendants", late)
    state = State(str(tmp_path))
    argv = ["sh", "-c", HOOKS_WITHOUT_END]
    with subprocess.Popen(argv, env={**os.environ, VARIABLE: mark}) as found:
        try:
            record = {"pid": found.pid, "started": process.start_time(found.pid)}
            state.write(MONITOR, {**record, "boot_id": attempt.boot_id()})
            until(lambda: len(process.with_variable(VARIABLE, mark)) > 3, "some hooks")
            monitor.kill(state, 60.0)
            assert process.with_variable(VARIABLE, mark) == []
        finally:
            found.kill()
            while left := process.with_variable(VARIABLE, mark):
                monitor.kill_all(left, 1.0)
