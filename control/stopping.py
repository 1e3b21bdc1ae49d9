"""A signal to end becomes an orderly unwinding, once."""

import contextlib
import queue
import signal
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _nothing() -> None:
    pass


class Stopped(BaseException):
    """A signal asked this process to end."""


class Stop:
    """Whether a signal asked this process to end, and waits that it cuts short.

    `Stopped` is raised in the main thread wherever it is, but inside `deferred` only by `check`
    and `wait`. Nothing can lose it for good: they raise it each time once it was asked for.
    """

    def __init__(self) -> None:
        self.asked = False
        self._anywhere = True
        self._wake: Callable[[], None] = _nothing
        # Its put() may interrupt its own get(), which an Event's lock does not survive.
        self._woken: queue.SimpleQueue[None] = queue.SimpleQueue()

    def ask(self) -> None:
        """What the signal does."""
        self.asked = True
        self._woken.put(None)
        self._wake()
        if self._anywhere:
            raise Stopped

    def check(self) -> None:
        """Raise Stopped if it was asked for."""
        if self.asked:
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Sleep; Stopped when asked for before or meanwhile."""
        self.check()
        with contextlib.suppress(queue.Empty):
            self._woken.get(timeout=seconds)
        self.check()

    @contextlib.contextmanager
    def deferred(self, wake: Callable[[], None] = _nothing) -> Iterator[None]:
        """No line of this block is interrupted; `wake` ends what it waits in.

        For what shares locks with other threads, which one raised between two lines may leave
        held, and for libraries with bare `except:` clauses (sdnotify, waitress).
        """
        self._wake, self._anywhere = wake, False
        try:
            self.check()
            yield
            self.check()
        finally:
            self._wake, self._anywhere = _nothing, not self.asked


@contextlib.contextmanager
def on_signals() -> Iterator[Stop]:
    """Until the first of SIGNALS ends this block; the ones after it do not disturb the clean-up.

    Python's own SIGTERM ends a process without unwinding: containers, locks and the store's log
    would stay behind.
    """
    stop = Stop()

    def ask(_number: int, _frame: FrameType | None) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        stop.ask()

    before = {each: signal.signal(each, ask) for each in SIGNALS}
    try:
        with contextlib.suppress(Stopped):
            yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
