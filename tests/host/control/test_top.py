"""`nebulxc top` in a terminal: it draws, obeys keys, and leaves the terminal as it was."""

import contextlib
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.children import child

pytestmark = pytest.mark.host

COMMAND = Path(__file__).parents[3] / ".venv" / "bin" / "nebulxc"


@pytest.mark.parametrize("last_key", [b"q", b"\x03"])
def test_it_draws_obeys_keys_and_ends(last_key: bytes, tmp_path: Path) -> None:
    config = tmp_path / "nebulxc.toml"
    config.write_text(f'[store]\ndirectory = "{tmp_path}/none"\n')
    with _terminal() as (outside, inside):
        before = termios.tcgetattr(inside)
        with _top(inside, config) as top:
            _read_until(outside, "c:cpu")
            os.write(outside, b"m")
            _read_until(outside, "c:cpu")
            os.write(outside, last_key)
            _read_until(outside, "\x1b[?1049l")  # the alternate screen is left
            assert top.wait(60) == (0 if last_key == b"q" else 130)
        assert termios.tcgetattr(inside) == before


@contextlib.contextmanager
def _top(terminal: int, config: Path) -> Iterator["subprocess.Popen[bytes]"]:
    # Ctrl-C only reaches whom the terminal controls: setsid --ctty.
    words = ("setsid", "--ctty", "--wait", COMMAND, "top", "--every", "1s", "--config", config)
    environment = {"TERM": "xterm", "COLUMNS": "80", "LINES": "24", "PATH": os.environ["PATH"]}
    with child(words, stdin=terminal, stdout=terminal, stderr=terminal, env=environment) as top:
        yield top


@contextlib.contextmanager
def _terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal. Closing them hangs up on what still runs in it."""
    outside, inside = pty.openpty()
    try:
        yield outside, inside
    finally:
        os.close(outside)
        os.close(inside)


def _read_until(fd: int, text: str) -> None:
    seen = ""
    deadline = time.monotonic() + 60
    while text not in seen:
        assert select.select([fd], [], [], max(0.0, deadline - time.monotonic()))[0], seen
        seen += os.read(fd, 65536).decode(errors="replace")
