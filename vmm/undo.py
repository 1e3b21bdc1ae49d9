"""After each effect its undo; commit last. The original error always surfaces."""

import signal
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType

HELD_BACK = {signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGIO}


class Undo(ExitStack):
    """Undoes in reverse order whatever was not committed."""

    def add(self, what: str, undo: Callable[[], object]) -> None:
        """Run `undo` unless committed; should it fail too, the first error carries a note."""

        def step(
            _kind: type[BaseException] | None,
            error: BaseException | None,
            _trace: TracebackType | None,
        ) -> bool:
            try:
                undo()
            except Exception as failed:
                if error is None:
                    raise
                error.add_note(f"undo: {what}: {failed}")
            return False

        self.push(step)

    def commit(self) -> None:
        """Keep everything that was done."""
        self.pop_all()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        # A second SIGTERM would end the undoing half way.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)
        try:
            return bool(super().__exit__(kind, error, trace))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
