"""A signal to end becomes an orderly unwinding, once."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asked this process to end. Raised in the main thread, wherever it is."""


@contextlib.contextmanager
def on_signals() -> Iterator[None]:
    """Until the first of SIGNALS ends this block; the ones after it do not disturb the clean-up.

    Python's own SIGTERM ends a process without unwinding: containers, locks and the store's log
    would stay behind.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    before = {each: signal.signal(each, stop) for each in SIGNALS}
    try:
        with contextlib.suppress(Stopped):
            yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
