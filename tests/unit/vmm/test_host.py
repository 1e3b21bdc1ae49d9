import os
import signal
import time
from pathlib import Path

import pytest

from vmm.errors import CommandError, DriverError
from vmm.host import Host


def test_what_a_program_writes() -> None:
    assert Host().run("printf", "%s|", "a b", "$HOME", "*") == "a b|$HOME|*|"


def test_stdin_is_empty_and_the_environment_ours() -> None:
    assert Host().run("cat") == ""
    names = {line.partition("=")[0] for line in Host().run("env", env={"A": "1"}).splitlines()}
    assert names == {"PATH", "LC_ALL", "A"}


def test_a_failure_is_explained_once() -> None:
    with pytest.raises(CommandError, match=r"^ls exited with 2: .*nowhere") as caught:
        Host().run("ls", "/nowhere")
    assert caught.value.status == 2


def test_a_program_that_takes_too_long_ends_with_what_it_started() -> None:
    begun = time.monotonic()
    with pytest.raises(CommandError, match="sh did not end in time"):
        Host().run("sh", "-c", "sleep 60 & sleep 60", timeout=0.2)
    assert time.monotonic() - begun < 50


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(DriverError, match=r"cannot run nxve-nothing.*; install nxve-nothing"):
        Host().run("nxve-nothing")


def test_a_program_gets_no_descriptor_of_ours() -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 99, inheritable=True)
    try:
        assert Host().run("test", "!", "-e", "/proc/self/fd/99") == ""
    finally:
        os.close(99)
        os.close(null)


def test_a_daemon_that_keeps_its_output_holds_up_nobody(tmp_path: Path) -> None:
    begun = time.monotonic()
    said = Host().run("sh", "-c", f"sleep 60 & echo $! | tee {tmp_path}/pid")
    assert time.monotonic() - begun < 50
    os.kill(int(said), signal.SIGKILL)


def test_meanwhile_is_done_while_the_program_runs(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert Host().run("cat", str(fifo), meanwhile=lambda: fifo.write_text("told")) == "told"


def test_a_program_ends_when_what_was_to_be_done_meanwhile_fails(tmp_path: Path) -> None:
    def fail() -> None:
        while not (tmp_path / "pid").exists():
            time.sleep(0.01)
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        Host().run(
            "sh", "-c", f"cd {tmp_path}; echo $$ > new; mv new pid; exec sleep 60", meanwhile=fail
        )
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
