"""The watch for an action's caller."""

import fcntl
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from control.driver import caller


@pytest.fixture
def writing_end() -> Iterator[int]:
    """Of a pipe that is read, and every handler as it was afterwards."""
    numbers = (*caller.ENDINGS, signal.SIGIO)
    before = [signal.getsignal(number) for number in numbers]
    reading, writing = os.pipe()
    yield writing
    os.close(reading)
    os.close(writing)
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def test_no_signal_comes_any_more_when_its_handler_goes(
    writing_end: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python would print a traceback, and OpenNebula take that for an error."""
    install, seen = signal.signal, []

    def watched(number: int, handler: Any) -> Any:
        if handler is signal.SIG_IGN:
            flags = fcntl.fcntl(writing_end, fcntl.F_GETFL)
            seen.append((number, fcntl.fcntl(writing_end, fcntl.F_GETOWN), flags & os.O_ASYNC))
        return install(number, handler)

    with caller.watched(writing_end):
        assert fcntl.fcntl(writing_end, fcntl.F_GETOWN) == os.getpid()
        monkeypatch.setattr(signal, "signal", watched)
    monkeypatch.undo()
    assert seen == [(signal.SIGIO, 0, 0)]
