"""What tests of cycles are written with: clocks that they move, and what a cycle told."""

from collections.abc import Callable

from collector.cycle import Collector
from collector.model import Cycle, Stamp, samples

Make = Callable[..., Collector]


class SteppedClock:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.wall_ms, self.mono_ns, self.boot_id = 1_800_000_000_000, 10**12, "a boot"

    def now(self) -> Stamp:
        return Stamp(self.wall_ms, self.mono_ns, self.boot_id)

    def step(self, seconds: float) -> None:
        self.wall_ms += int(seconds * 1000)
        self.mono_ns += int(seconds * 1e9)


class Time:
    """Monotonic seconds that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def told(cycle: Cycle, container: str) -> dict[str, float]:
    """Metric and its own labels → value."""
    found = {}
    for sample in samples(cycle):
        labels = dict(sample.labels)
        if labels.pop("container", None) == container:
            own = ",".join(labels[key] for key in labels if key not in ("host", "vmid"))
            found[f"{sample.metric}{{{own}}}" if own else sample.metric] = sample.value
    return found
