"""Single key presses from a terminal, without Enter and without echo."""

import os
import select
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Pressed = Callable[[float], str | None]
"""Waits at most so many seconds; the key, "" at the terminal's end, None when none was pressed.
KeyboardInterrupt when that was Ctrl-C."""
CTRL_C = "\x03"
CONTROL_CHARACTERS = 6
"""Where they are in what tcgetattr gives (termios, Python's documentation)."""


@contextmanager
def keyboard(fd: int) -> Iterator[Pressed]:
    """Key presses of the terminal `fd` for this block; it is put back as it was on every path.

    Ctrl-C is a key too: as a signal it may strike where an exception gets lost, in a finalizer or
    in a library's bare `except:`, and would then have no effect. Ctrl-\\ and Ctrl-Z stay signals.
    """
    before = termios.tcgetattr(fd)

    def pressed(timeout_s: float) -> str | None:
        if not select.select([fd], [], [], timeout_s)[0]:
            return None
        key = os.read(fd, 1).decode("ascii", "replace")
        if key == CTRL_C:
            raise KeyboardInterrupt
        return key

    try:
        tty.setcbreak(fd)
        mode = termios.tcgetattr(fd)
        mode[CONTROL_CHARACTERS][termios.VINTR] = os.fpathconf(fd, "PC_VDISABLE")
        termios.tcsetattr(fd, termios.TCSANOW, mode)
        yield pressed
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
