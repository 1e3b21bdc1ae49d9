"""What an installation consists of: steps that know whether they are done, and their undoing."""

from typing import Protocol


class Step(Protocol):
    """One thing that is there after an installation and gone after its removal.

    `missing` and `leftover` only look, and answer in words what `apply` or `remove` would do, with
    the differences between texts on further lines; "" when there is nothing to do.
    """

    def missing(self) -> str:
        """What `apply` would do now."""
        ...

    def apply(self) -> None:
        """Do it. Problem or DriverError when it cannot be done."""
        ...

    def leftover(self) -> str:
        """What `remove` would do now."""
        ...

    def remove(self) -> None:
        """Undo it; what an administrator changed stays."""
        ...
