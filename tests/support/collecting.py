"""A collector over this machine, asked by metric and container."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from collector.clock import SystemClock
from collector.cycle import Collector, CollectorSettings
from collector.model import Cycle, samples

Found = dict[tuple[tuple[str, str], ...], float]


@contextlib.contextmanager
def collecting(lxc_path: Path, **settings: object) -> Iterator[Collector]:
    """A collector that knows the containers below `lxc_path`; closed at the end."""
    collector = Collector(
        CollectorSettings(host="here", lxc_paths=(lxc_path,), **settings),  # type: ignore[arg-type]  # by keyword
        SystemClock(),
    )
    try:
        yield collector
    finally:
        collector.close()


def values(cycle: Cycle, metric: str, container: str | None = None) -> Found:
    """Every value of `metric` by its labels without host, container and vmid."""
    found = {}
    for sample in samples(cycle):
        labels = dict(sample.labels)
        if sample.metric == metric and labels.get("container") == container:
            own = {k: v for k, v in labels.items() if k not in ("host", "container", "vmid")}
            found[tuple(own.items())] = sample.value
    return found


def settled(collector: Collector, cycles: int = 2) -> Cycle:
    """The last of some cycles, between which the calls to file systems have returned."""
    cycle = collector.read()
    for _ in range(cycles - 1):
        collector.settle(60)
        time.sleep(0.01)
        cycle = collector.read()
    return cycle
