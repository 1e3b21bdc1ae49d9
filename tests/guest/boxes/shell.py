"""Commands of the host, and waiting for what they cause."""

import subprocess
import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")


def sh(command: str, *, timeout: float = 600, check: bool = True) -> str:
    """Standard output of a shell command of the host; its standard error when it fails."""
    argv = ["/bin/sh", "-c", command]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False)
    if check and done.returncode:
        raise AssertionError(f"{command}: status {done.returncode}\n{done.stderr}{done.stdout}")
    return done.stdout


def until(ask: Callable[[], Answer | None], patience: float = 400) -> Answer:
    """The first answer of `ask` that is true; fails when there is none in time."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"it did not become so within {patience:.0f} s")
