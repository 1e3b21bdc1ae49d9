"""Going through the steps, saying each as it is done."""

from collections.abc import Callable, Sequence

from control.install.step import Step

Tell = Callable[[str], None]


class Progress:
    """What was done so far."""

    def __init__(self, tell: Tell, *, dry: bool) -> None:
        self.done: list[str] = []
        self._tell = tell
        self._dry = dry

    def changed(self) -> bool:
        """Whether anything was done."""
        return bool(self.done)

    def install(self, steps: Sequence[Step]) -> None:
        """Apply what is missing, in order."""
        for step in steps:
            self._do(step.missing(), step.apply)

    def uninstall(self, steps: Sequence[Step]) -> None:
        """Remove what is there, in reverse order."""
        for step in reversed(steps):
            self._do(step.leftover(), step.remove)

    def _do(self, what: str, act: Callable[[], None]) -> None:
        if not what:
            return
        self._tell(f"would {what}" if self._dry else what)
        if not self._dry:
            act()
        self.done.append(what)
