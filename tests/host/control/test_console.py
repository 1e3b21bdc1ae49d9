"""`nebulxc console` on a terminal: in a running container, and what it says where it cannot."""

import contextlib
import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.busybox import Container

pytestmark = pytest.mark.host

COMMAND = Path(__file__).parents[3] / ".venv" / "bin" / "nebulxc"


def console(*words: str | Path) -> tuple[int, str]:
    """The command on a terminal of its own: its status and all that it wrote."""
    master, slave = pty.openpty()
    argv = ["setsid", "--ctty", "--wait", COMMAND, "console", *words]
    with subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave) as child:
        os.close(slave)
        said = b""
        with contextlib.suppress(OSError):  # EIO: the last writer is gone
            while piece := os.read(master, 4096):
                said += piece
        os.close(master)
    return child.returncode, said.decode()


def test_a_command_inside(
    lxc_container: Callable[..., Container], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = lxc_container("console")
    config = tmp_path / "nebulxc.toml"
    config.write_text(
        f'[driver]\nlxc = "{container.lxc_path}"\n'
        'console_command = ["/bin/sh", "-c", "tty; echo $TERM; exit 3"]\n'
    )
    monkeypatch.setenv("TERM", "screen")
    status, said = console("--config", config, container.name)
    terminal, kind = said.split()
    assert (status, terminal[:9], kind) == (3, "/dev/pts/", "screen")
    status, said = console("--config", config, container.name, "/bin/echo", "-n", "hello")
    assert (status, said) == (0, "hello")


def test_one_that_was_started_from_elsewhere(lxc_container: Callable[..., Container]) -> None:
    container = lxc_container("elsewhere")
    status, said = console(container.name, "/bin/echo", "-n", "hello")
    assert (status, said) == (0, "hello")


def test_one_that_does_not_run_is_one_sentence() -> None:
    status, said = console("nxt-nobody")
    assert (status, said.strip()) == (
        1,
        "nebulxc console: there is no running container 'nxt-nobody': see nebulxc ls",
    )


def test_without_a_terminal() -> None:
    done = subprocess.run(
        [COMMAND, "console", "one-7"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (
        1,
        b"nebulxc console: needs a terminal: over ssh, use ssh -t\n",
    )
