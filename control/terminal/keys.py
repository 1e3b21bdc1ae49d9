"""Single key presses from a terminal, without Enter and without echo."""

import os
import select
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Pressed = Callable[[float], str | None]
"""Waits at most so many seconds; the key, "" at the terminal's end, None when none was pressed."""


@contextmanager
def keyboard(fd: int) -> Iterator[Pressed]:
    """Key presses of the terminal `fd` for this block; it is put back as it was on every path."""
    before = termios.tcgetattr(fd)

    def pressed(timeout_s: float) -> str | None:
        if not select.select([fd], [], [], timeout_s)[0]:
            return None
        return os.read(fd, 1).decode("ascii", "replace")

    try:
        tty.setcbreak(fd)
        yield pressed
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
