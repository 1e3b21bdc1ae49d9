"""What an action tells while it works: lines of the VM's log, beside its answer or its error."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object  # an action would wait for typing's import


class Report(Protocol):
    """Where an action says what it does and what it left out."""

    def info(self, text: str) -> None:
        """Something the VM's owner may want to know."""
        ...

    def warning(self, text: str) -> None:
        """Something that was done otherwise than the template asks."""
        ...
