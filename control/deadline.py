"""A call that may never return, given up after a while."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Answer = TypeVar("Answer")

PATIENCE_S = 3.0
"""For a datastore on a dead mount, which may never answer."""


def within(seconds: float, call: Callable[[], Answer]) -> Answer | None:
    """What `call` gives, None when it takes longer: its thread is left behind.

    Nothing waits for such a thread at the end of the process, and the kernel kills it where it can.
    """
    import _thread  # threading's import takes 5 ms

    answers: list[Answer] = []
    done = _thread.allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            answers.append(call())
        finally:
            done.release()

    _thread.start_new_thread(run, ())
    done.acquire(timeout=seconds)
    return answers[0] if answers else None
