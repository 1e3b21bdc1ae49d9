"""A group of metrics: what every file in collector/metrics/ provides.

A `Source` is opened once per generation of a container (or once for the host), keeps its file
descriptors, and is asked once per cycle. It appends its values and returns the columns they
belong to: the same tuple object as long as nothing changed, so that the row's layout need not
be compared value by value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from collector.model import Columns, Metric

Subject = TypeVar("Subject")
"""What a group reads: an inventoried container, or the host."""


class Gone(Exception):
    """The container ended (ENODEV, ESRCH): the source is of a generation that is no more."""


class Source(Protocol):
    """One group's open files of one subject."""

    def read(self, values: list[float]) -> Columns:
        """Append one value per column, MISSING where unknown; raise Gone when the subject ended.

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
