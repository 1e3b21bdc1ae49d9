"""A child that outlives its parent, after it has said how its start went."""

import os
import sys
from collections.abc import Callable

Tell = Callable[[str], None]


def detach(body: Callable[[Tell], None]) -> tuple[str, bool]:
    """Run `body` in a session of its own; (what it told, whether it told anything).

    The child is there from the beginning, so that no descriptor, lock or connection has to
    survive a fork. `body` tells once, when it has started, and goes on; it never returns here.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    if os.fork() == 0:
        os.close(reading)
        _live(body, writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        text = told.read()
    return text, bool(text)


def _live(body: Callable[[Tell], None], writing: int) -> None:
    """The child: never returns into the parent's code."""
    status = 1
    try:
        os.setsid()
        os.chdir("/")
        silence = os.open(os.devnull, os.O_RDWR)
        for fd in range(3):
            os.dup2(silence, fd)
        if silence > 2:  # noqa: PLR2004 - standard error's number
            os.close(silence)

        def tell(text: str) -> None:
            with os.fdopen(writing, "w", encoding="utf-8") as parent:
                parent.write(text)

        body(tell)
        status = 0
    finally:
        # Not sys.exit: the parent's clean-up and buffers are not ours.
        os._exit(status)
