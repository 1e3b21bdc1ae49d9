"""What the page costs: CPU per answer at 100 containers, /metrics also against a floor.

Run: `.venv/bin/python tests/bench/page.py [--json] [--containers 100]`. The store is a real one in
a temporary directory, with an hour of made-up cycles in the columns that containers really have.
Figures are CPU milliseconds of the process (user and system), medians of one run.

  floor       joining and encoding the ready lines of the last cycle: what no server can avoid
  render      the exposition from a cycle in memory, every value written anew
  new cycle   the whole request after a new cycle: store read, rates, answer
  same cycle  the whole request again: what each further tab or scraper costs
"""

import argparse
import json
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from flask.testing import FlaskClient

from collector import metrics
from collector.model import Column, Columns, Cycle, Entity, Row, Stamp
from collector.store import FILE_NAME
from collector.store.sqlite import SqliteReader, SqliteWriter, StoreSettings
from web.app import create_app
from web.definitions import DEFINITIONS
from web.metrics import Renderer
from web.settings import PageSettings

STEP_S = 5
CYCLES = 720
ROUNDS = 40
LABELS = {
    "mode": ("user", "system"),
    "device": ("eth0",),
    "state": ("running", "frozen", "stopped"),
    "disk_id": ("0",),
    "mountpoint": ("/",),
}
MOVING = re.compile("_total$|_usage_|_working_set_|_rss_|_cache_|lxc_pids$")
"""What changes with each cycle in a container that is busy with everything; all others stay."""
NAME = "one-7"
SERIES = f"/api/containers/{NAME}/series?rate=1&since={{}}"
PATHS = {
    "/": "/",
    "/api/containers": "/api/containers",
    "/api/containers/NAME": f"/api/containers/{NAME}",
    "/metrics": "/metrics",
    "series of one metric, 15 min": SERIES.format("15m") + "&metric=lxc_cpu_usage_seconds_total",
    "series of one metric, 1 h": SERIES.format("1h") + "&metric=lxc_cpu_usage_seconds_total",
}


@dataclass(slots=True)
class Figures:
    """CPU milliseconds."""

    containers: int
    series: int
    bytes: int
    floor: float
    render: float
    new_cycle: dict[str, float] = field(default_factory=dict)
    same_cycle: dict[str, float] = field(default_factory=dict)


class Feed:
    """Cycle after cycle of so many containers, and the clock that goes with them."""

    def __init__(self, containers: int) -> None:
        self._noise = random.Random(1)
        self.columns = columns()
        self._entities = [entity(n) for n in range(containers)]
        self._values = [[self._noise.random() * 1e9 for _ in self.columns] for _ in self._entities]
        self._stamp = Stamp(time.time_ns() // 1_000_000, 10**12, "bench")

    def now(self) -> Stamp:
        return self._stamp

    def _first(self, column: Column) -> float:
        """Seconds in whole microseconds, else whole numbers, as the kernel counts."""
        whole = self._noise.randrange(10**11)
        return whole / 1e6 if "_seconds" in column.metric else float(whole)

    def cycle(self) -> Cycle:
        stamp = self._stamp
        later = (stamp.wall_ms + STEP_S * 1000, stamp.mono_ns + STEP_S * 10**9)
        self._stamp = Stamp(*later, stamp.boot_id)
        for values in self._values:
            for place, column in enumerate(self.columns):
                if MOVING.search(column.metric):
                    values[place] = self._first(column)
        pairs = zip(self._entities, self._values, strict=True)
        return Cycle(self._stamp, tuple(Row(e, 1, self.columns, list(v)) for e, v in pairs))


def entity(number: int) -> Entity:
    name = f"one-{number}"
    return Entity(
        "container", name, (("host", "bench"), ("container", name), ("vmid", str(number)))
    )


def columns() -> Columns:
    """A container's columns: two modes, one NIC, one disk."""
    found = []
    for group in metrics.CONTAINER.values():
        for metric in group.metrics:
            first, rest = metric.labels[:1], metric.labels[1:]
            fixed = tuple((name, LABELS.get(name, ("x",))[0]) for name in rest)
            for value in LABELS.get(first[0], ("x",)) if first else ("",):
                found.append(Column(metric.name, ((first[0], value), *fixed) if first else ()))
    return tuple(found)


def cpu(work: Callable[[], object]) -> float:
    """Milliseconds of CPU."""
    start = time.process_time_ns()
    work()
    return (time.process_time_ns() - start) / 1e6


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--json", action="store_true", help="print JSON")
    arguments.add_argument("--containers", type=int, default=100)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="nebulxc-bench-") as directory:
        found = figures(Path(directory), chosen.containers)
    print(json.dumps(asdict(found)) if chosen.json else table(found))
    return 0


def figures(directory: Path, containers: int) -> Figures:
    """One store of an hour, and every answer over it."""
    feed = Feed(containers)
    writer = SqliteWriter(directory / FILE_NAME, StoreSettings(free_reserve_bytes=0), feed)
    try:
        for _ in range(CYCLES):
            writer.append(feed.cycle())
        settings = PageSettings(store_dir=directory, reserve_bytes=0)
        app = create_app(SqliteReader(directory / FILE_NAME), settings, feed)
        found = exposition(feed)
        answers(found, app.test_client(), lambda: writer.append(feed.cycle()))
    finally:
        writer.close()
    return found


def exposition(feed: Feed) -> Figures:
    """The text alone, against joining lines that are there already; the two take turns."""
    renderer = Renderer(DEFINITIONS)
    lines = renderer.cycle(feed.cycle()).decode().splitlines(keepends=True)
    spent: dict[str, list[float]] = {"floor": [], "render": []}
    for _ in range(ROUNDS):
        cycle = feed.cycle()
        spent["floor"].append(cpu(lambda: "".join(lines).encode()))
        spent["render"].append(cpu(lambda c=cycle: renderer.cycle(c)))
    series = sum(not line.startswith("#") for line in lines)
    medians = {name: statistics.median(found) for name, found in spent.items()}
    return Figures(len(feed.cycle().rows), series, len("".join(lines)), **medians)


def answers(found: Figures, client: FlaskClient, append: Callable[[], object]) -> None:
    """Each path after a new cycle and again in the same one."""
    every = "".join(f"&metric={name}" for name in dict.fromkeys(c.metric for c in columns()))
    paths = {**PATHS, "series of all metrics, 15 min": SERIES.format("15m") + every}
    for name, path in paths.items():
        new, same = [], []
        for _ in range(ROUNDS):
            append()
            new.append(cpu(lambda p=path: ask(client, p)))
            same.append(cpu(lambda p=path: ask(client, p)))
        found.new_cycle[name] = statistics.median(new)
        found.same_cycle[name] = statistics.median(same)


def ask(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text


def table(found: Figures) -> str:
    """The figures as people read them."""
    lines = [
        f"The page at {found.containers} containers, {found.series} series "
        f"({found.bytes / 1024:.0f} KiB of text); CPU ms per answer",
        "",
        f"{'/metrics, floor (join and encode)':<36}{found.floor:8.2f}",
        f"{'/metrics, render':<36}{found.render:8.2f}{found.render / found.floor:8.1f} x floor",
        "",
        f"{'':<36}{'new cycle':>10}{'same cycle':>12}",
    ]
    lines += [
        f"{name:<36}{found.new_cycle[name]:10.2f}{found.same_cycle[name]:12.2f}"
        for name in found.new_cycle
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
