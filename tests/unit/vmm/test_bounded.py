import os
import time
from pathlib import Path

import pytest

from vmm import bounded
from vmm.execution import Outcome

MANY = 200_000


def run(*argv: str, given: bytes = b"", seconds: float = 60, size: int = 1000) -> Outcome:
    env = {"PATH": "/usr/bin:/bin"}
    return bounded.run(argv, given, env, (seconds, size), lambda: None)


def test_output_errors_and_status_come_back() -> None:
    told = run("sh", "-c", "cat; echo wrong >&2; exit 3", given=b"\x00\xff\n" * 100)
    assert told == Outcome(3, b"\x00\xff\n" * 100, b"wrong\n")
    assert run("sh", "-c", "kill -9 $$").status == 137
    assert run("cat") == Outcome(0, b"", b"")


def test_a_program_that_is_not_there() -> None:
    assert run("nxha-none") == Outcome(126, b"", b"nxha-none: No such file or directory\n")


def test_what_does_not_fit_is_thrown_away_and_counted() -> None:
    told = run("sh", "-c", f"head -c {MANY} /dev/zero; head -c {MANY} /dev/zero >&2", size=10)
    assert told.output == b"\0" * 10
    note = f"nebulxc: {2 * (MANY - 10)} bytes more were not kept\n".encode()
    assert told.errors == b"\0" * 10 + note


def test_input_that_nobody_reads_is_not_waited_for() -> None:
    assert run("true", given=b"x" * 1_000_000).status == 0


def test_time_over_ends_it_with_what_it_has_said() -> None:
    ended: list[bool] = []
    argv = ("sh", "-c", "echo begun; exec sleep 1000")
    told = bounded.run(argv, b"", {"PATH": "/bin:/usr/bin"}, (5, 99), lambda: ended.append(True))
    assert told == Outcome(124, b"begun\n", b"nebulxc: ended after 5 s\n")
    assert ended == [True]


@pytest.mark.parametrize("closes", ["", "exec >&- 2>&-;"])
def test_a_child_left_behind_or_closed_outputs_hold_up_nothing(closes: str) -> None:
    begun = time.monotonic()
    told = run("sh", "-c", f"sleep 600 & echo $!; {closes} sleep 0.2; exit 5")
    assert time.monotonic() - begun < 300
    os.kill(int(told.output), 9)
    assert told.status == 5


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    run("true")
    run("nxha-none")
    run("sleep", "100", seconds=0.1)
    left = len(os.listdir("/proc/self/fd"))
    assert left <= before  # what others left open may go meanwhile
