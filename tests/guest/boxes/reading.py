"""One cycle of the collector, for asking."""

from collections.abc import Callable

from collector.model import Cycle, samples


class Reading:
    """One cycle, looked up by entity, metric and labels."""

    def __init__(self, cycle: Cycle) -> None:
        self.cycle = cycle
        self.generations = {row.entity.name: row.generation for row in cycle.rows}
        self._values = {(s.metric, frozenset(s.labels)): s.value for s in samples(cycle)}

    def find(self, metric: str, **labels: str) -> dict[frozenset[tuple[str, str]], float]:
        """Every series of the metric that has these labels."""
        wanted = set(labels.items())
        return {k: v for (name, k), v in self._values.items() if name == metric and wanted <= k}

    def get(self, metric: str, **labels: str) -> float | None:
        """The one value, or None when it is absent."""
        found = self.find(metric, **labels)
        assert len(found) <= 1, f"{metric} is ambiguous: {list(found)}"
        return next(iter(found.values()), None)

    def value(self, metric: str, **labels: str) -> float:
        """The one value; fails when it is absent."""
        value = self.get(metric, **labels)
        assert value is not None, f"no {metric} {labels} in {sorted(m for m, _ in self._values)}"
        return value

    def names(self) -> set[str]:
        """The containers of the cycle."""
        return {row.entity.name for row in self.cycle.rows if row.entity.kind == "container"}


Read = Callable[[], Reading]
"""The fixture that reads one cycle."""


def grown(metric: str, before: Reading, after: Reading, **labels: str) -> float:
    """By how much a value grew between two readings."""
    return after.value(metric, **labels) - before.value(metric, **labels)
