"""What a collector in the guest shows, seen from outside."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from boxes.shell import until


@dataclass(frozen=True, slots=True)
class Shown:
    """One cycle as watch.py wrote it."""

    took: float
    errors: dict[str, str]
    values: list[tuple[str, dict[str, Any], float]]

    def find(self, metric: str, **labels: str) -> list[tuple[dict[str, Any], float]]:
        """(labels, value) of each series that has these labels."""
        wanted = labels.items()
        return [
            (have, v) for name, have, v in self.values if name == metric and wanted <= have.items()
        ]

    def get(self, metric: str, **labels: str) -> float | None:
        """The one value, or None when it is absent."""
        found = self.find(metric, **labels)
        assert len(found) <= 1, f"{metric} is ambiguous: {found}"
        return found[0][1] if found else None


@dataclass(frozen=True, slots=True)
class Watch:
    """A collector that goes on reading."""

    start: Callable[[], None]
    lines: Callable[[], list[Shown]]

    def next(self) -> Shown:
        """A cycle that began after this call."""
        seen = len(self.lines())
        return until(lambda: self.lines()[seen + 1 :])[0]

    def until(self, true: Callable[[Shown], object], patience: float = 400) -> Shown:
        """The first coming cycle of which `true` holds."""
        seen = len(self.lines())
        return until(
            lambda: next((one for one in self.lines()[seen:] if true(one)), None), patience
        )

    def coming(self, count: int) -> list[Shown]:
        """So many cycles that began after this call."""
        seen = len(self.lines()) + 1
        return until(lambda: self.lines()[seen:] if len(self.lines()) >= seen + count else None)
