"""A group of metrics: what every file in collector/metrics/ provides.

A `Source` is opened once per generation of a container (or once for the host), keeps its file
descriptors, and is asked once per cycle. It gives its columns and their values in one tuple: the
same object as long as nothing changed, so that nobody looks at the values of an idle container.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from collector.formats import Values
from collector.model import Columns, Metric

Subject = TypeVar("Subject")
"""What a group reads: an inventoried container, or the host."""


Part = tuple[Columns, Values]
"""A group's part of a row: its columns, and one value per column, MISSING where unknown."""


class Gone(Exception):
    """The container ended (ENODEV, ESRCH): the source is of a generation that is no more."""


class Source(Protocol):
    """One group's open files of one subject."""

    def read(self) -> Part:
        """The same object as before while nothing changed; the same columns while the layout
        stays. Raises Gone when the subject ended.

        Any other exception costs this group its columns in this cycle and is counted.
        """
        ...

    def close(self) -> None:
        """Close every descriptor. Called once."""
        ...


@dataclass(frozen=True, slots=True)
class Group(Generic[Subject]):
    """A named group: its definitions, and how to open it. `open` gives None where not provided."""

    name: str
    metrics: tuple[Metric, ...]
    open: Callable[[Subject], Source | None]
