"""What a check finds."""

from collections.abc import Callable
from dataclasses import dataclass

NODE = "node"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    `subject` is a container's name, or NODE. `remedy` tells what a person does, or what `repair`
    would do where there is one. A repair takes away only what is ours, may be done twice, and
    raises DriverError or OSError. A note is advice: it does not make a node unhealthy.
    """

    subject: str
    what: str
    where: str
    remedy: str
    repair: Callable[[], object] | None = None
    note: bool = False
