"""What sampling costs: CPU per container and cycle against a C program that only reads the files.

Run as root: `.venv/bin/python tests/bench/sampling.py [--json] [--sizes 10,100,200]`. Starts that
many real busybox containers with a NIC each. Figures are CPU time of the process (user and
system), medians over the cycles, so that another load of the machine counts little; what counts
is the ratio of one run.

  floor      the C program: the same files, kept descriptors, pread alone
  unchanged  a cycle in which no file differs from the cycle before; of idle containers some files
             are not read at all (collector/idle.py), which the floor always reads
  changed    a cycle in which every file is parsed anew
  paced      as the agent runs: a pause before each cycle, caches cold; the floor likewise
"""

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.busybox import VETH, Busybox

from collector import files
from collector.clock import SystemClock
from collector.cycle import Collector, CollectorSettings
from collector.files import Text
from collector.limits import raise_open_files
from collector.metrics import network
from collector.source import FileSource

_HERE = Path(__file__).parent
_READS = 20_000
_ROUNDS = 5
_PAUSE_S = 0.05
_PACED_CYCLES = 12


@dataclass(frozen=True, slots=True)
class Figures:
    """Microseconds of CPU per container and cycle, with `containers` running."""

    containers: int
    files: int
    floor: float
    unchanged: float
    changed: float
    paced_floor: float
    paced: float
    whole: float


def main() -> int:
    """Measure at each size and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--json", action="store_true", help="print JSON")
    arguments.add_argument("--sizes", default="10,100,200", help="numbers of containers")
    chosen = arguments.parse_args()
    raise_open_files()
    found = list(measured([int(size) for size in chosen.sizes.split(",")]))
    print(json.dumps([asdict(f) for f in found]) if chosen.json else table(found))
    return 0


def measured(sizes: list[int]) -> Iterator[Figures]:
    """Figures for each number of containers, fewest first; they are started as needed."""
    with Busybox("nxb") as busybox, compiled() as floor:
        running = 0
        for size in sorted(sizes):
            print(f"starting {size - running} containers", file=sys.stderr)
            busybox.start_many([str(n) for n in range(running, size)], *VETH)
            running = size
            yield figures(floor, size, busybox)


@contextmanager
def compiled() -> Iterator[str]:
    """The C program, compiled for this machine."""
    with tempfile.TemporaryDirectory() as directory:
        binary = f"{directory}/floor"
        subprocess.run(["cc", "-O2", "-o", binary, str(_HERE / "floor.c")], check=True)
        yield binary


def figures(floor: str, size: int, busybox: Busybox) -> Figures:
    """Measure with `size` containers of ours running; others do not count, but for `whole`."""
    settings = CollectorSettings(host="bench", lxc_paths=(busybox.lxc_path,))
    collector = Collector(settings, SystemClock())
    try:
        collector.read()
        running = len(collector._watched)
        ours = f"lxc.payload.{busybox.prefix}-"
        watched = {d: w for d, w in collector._watched.items() if ours in d}
        if len(watched) != size:
            raise SystemExit(f"{size} containers were started, {len(watched)} of them found")

        def containers() -> None:
            collector._read_each(watched, time.monotonic())

        # As of containers that ran; at time 0 nothing is due that is read now and then.
        forgetting()()
        paths = read_each_cycle(lambda: collector._read_each(watched, 0))
        cycles = max(_READS // len(paths), 20)
        measures: dict[str, Callable[[], float]] = {
            "floor": lambda: c_program(floor, paths, cycles, 0),
            "unchanged": lambda: cpu(containers, cycles),
            "changed": lambda: cpu(containers, cycles, before=forgetting()),
            "paced_floor": lambda: c_program(floor, paths, _PACED_CYCLES, _PAUSE_S),
            "paced": lambda: cpu(containers, _PACED_CYCLES, before=lambda: time.sleep(_PAUSE_S)),
            "whole": lambda: cpu(collector.read, cycles) * size / running,
        }
        # In turns: whatever else the machine does then falls on each of them alike.
        rounds = [{name: measure() for name, measure in measures.items()} for _ in range(_ROUNDS)]
        medians = {name: statistics.median(one[name] for one in rounds) for name in measures}
        return Figures(
            size,
            len(paths) // size,
            **{name: nanoseconds / size / 1000 for name, nanoseconds in medians.items()},
        )
    finally:
        collector.close()


def read_each_cycle(cycle: Callable[[], None]) -> list[str]:
    """The files that a cycle reads, as it reads them, without those that are read now and then."""
    found: list[str] = []
    pread, read_new = os.pread, files.read_new

    def at(fd: int, size: int, offset: int) -> bytes:
        found.append(os.readlink(f"/proc/self/fd/{fd}"))
        return pread(fd, size, offset)

    def new(path: str, dir_fd: int | None = None) -> bytes:
        found.append(f"{os.readlink(f'/proc/self/fd/{dir_fd}')}/{path}")
        return read_new(path, dir_fd)

    with patch("os.pread", at), patch("collector.metrics.network.read_new", new):
        cycle()
    return list(dict.fromkeys(found))


def c_program(binary: str, paths: list[str], cycles: int, pause_s: float) -> float:
    """Nanoseconds of CPU per cycle."""
    done = subprocess.run(
        [binary, str(cycles), str(int(pause_s * 1e6))],
        input=b"".join(os.fsencode(path) + b"\0" for path in paths),
        capture_output=True,
        check=True,
    )
    return float(done.stdout)


def cpu(step: Callable[[], object], cycles: int, before: Callable[[], object] = int) -> float:
    """Nanoseconds of CPU per `step`, the median; `before` each, unmeasured."""
    took = []
    for _ in range(cycles + 2):
        before()
        start = time.process_time_ns()
        step()
        took.append(time.process_time_ns() - start)
    return statistics.median(took[2:])


def forgetting() -> Callable[[], None]:
    """What makes every file look changed."""
    texts = [o for o in gc.get_objects() if isinstance(o, Text)]
    nics = [o for o in gc.get_objects() if isinstance(o, network._Source)]
    sources = [o for o in gc.get_objects() if isinstance(o, FileSource)]

    def forget() -> None:
        for text in texts:
            text._data = None
        for nic in nics:
            nic._data = b""
        for source in sources:
            source._is_new = True

    return forget


def table(found: list[Figures]) -> str:
    """The figures as a table of microseconds and of ratios to the floor."""
    rows = ["   N files | floor µs | unchanged  changed | paced: floor  ours  | whole cycle"]
    for f in found:
        rows.append(
            f"{f.containers:4} {f.files:5} | {f.floor:8.1f} |"
            f" {f.unchanged:5.1f} {f.unchanged / f.floor:4.2f}x {f.changed:5.1f}"
            f" {f.changed / f.floor:4.2f}x | {f.paced_floor:7.1f} {f.paced:6.1f}"
            f" {f.paced / f.paced_floor:4.2f}x | {f.whole:6.1f} {f.whole / f.floor:4.2f}x"
        )
    growth = found[-1].changed / found[0].changed
    rows.append(f"per container, N={found[-1].containers} / N={found[0].containers}: {growth:.2f}x")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
