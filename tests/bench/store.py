"""What the embedded store costs: CPU of storing a cycle, bytes of a sample, time of a query.

Run: `.venv/bin/python -I tests/bench/store.py [--json] [--days 8] [--store FILE]`; no root needed.
The values are synthetic (see `Series`), in the mix of a container's real columns. Bytes per sample
are also taken of real ones: forty recorded minutes of a host with 20 busybox containers, and with
`--store FILE` of a real store, such as the agent's. CPU is that of the calling thread.

  floor    SQLite storing the same cycles, their rows prepared beforehand
  append   SqliteWriter.append, from the values to the log
  beside   the same while another thread seals an hour; its wall time shows the waits
"""

import argparse
import json
import math
import random
import statistics
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support import recording

from collector.model import Column, Cycle, Entity, Row, Stamp
from collector.store import FILE_NAME, Span, connect, slices
from collector.store.seal import KEEP_CYCLES
from collector.store.sqlite import SqliteReader, SqliteWriter, StoreSettings

ENTITIES = 201
LONG_ENTITIES = 2
STEP_S = 5
HOUR_S = 3600
START = Stamp(1_800_000_000_000, 10**15, "bench")
SETTINGS = StoreSettings(free_reserve_bytes=0)
RECORDING = Path(__file__).parent.parent / "captures/cycles/busybox-20-every-5s.json.xz"
COLUMNS = (
    *(Column(f"lxc_counter{n}_total") for n in range(20)),
    *(Column(f"lxc_memory{n}_bytes") for n in range(6)),
    *(Column(f"lxc_limit{n}") for n in range(6)),
    *(Column(f"lxc_small{n}") for n in range(4)),
    *(Column(f"lxc_pressure{n}_seconds_total") for n in range(4)),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """One run's figures; CPU and wall times in ms where the name says nothing else."""

    series: int
    floor_cpu: float
    append_cpu: float
    beside_cpu: float
    beside_wall_p95: float
    beside_wall_max: float
    seal_cpu_s_per_hour: float
    raw_bytes_per_sample: float
    minute_bytes_per_sample: float
    latest_cpu: float
    days: float
    whole_file_bytes_per_sample: float
    queries_cpu: dict[str, float]
    recorded: dict[str, float]
    real: dict[str, float] | None = None


class Series:
    """Synthetic values of one entity: counters (a third of the entities busy), memory in pages,
    constants, small gauges, and seconds in whole microseconds."""

    def __init__(self, seed: int) -> None:
        self._noise = random.Random(seed)
        self._busy = self._noise.random() < 1 / 3
        self.values = [float(self._noise.randrange(10**9)) for _ in COLUMNS]

    def advance(self) -> None:
        noise, values = self._noise, self.values
        for n in range(12 if self._busy else 3):
            values[n] += noise.randrange(50_000)
        for n in range(20, 26):
            if noise.random() < (0.5 if self._busy else 0.05):
                values[n] = max(0.0, values[n] + 4096 * noise.randrange(-50, 50))
        for n in range(32, 36):
            if noise.random() < 0.1:
                values[n] = float(noise.randrange(20))
        if self._busy:
            for n in range(36, 40):
                values[n] = (round(values[n] * 1e6) + noise.randrange(1000)) / 1e6


class Feed:
    """Cycle after cycle of so many entities, with the clock that goes with them."""

    def __init__(self, entities: int) -> None:
        self._series = [Series(n) for n in range(entities)]
        self._entities = [
            Entity("container", f"one-{n}", (("host", "bench"), ("container", f"one-{n}")))
            for n in range(entities)
        ]
        self.stamp = START

    def now(self) -> Stamp:
        return self.stamp

    def cycle(self) -> Cycle:
        for series in self._series:
            series.advance()
        pairs = zip(self._entities, self._series, strict=True)
        cycle = Cycle(self.stamp, tuple(Row(e, 1, COLUMNS, s.values) for e, s in pairs))
        wall, mono = self.stamp.wall_ms + STEP_S * 1000, self.stamp.mono_ns + STEP_S * 10**9
        self.stamp = replace(self.stamp, wall_ms=wall, mono_ns=mono)
        return cycle


class Floor:
    """A store's tables and pragmas with nothing around them."""

    def __init__(self, path: Path) -> None:
        self._db = connect.open_writer(path)
        self._seq = 0

    def prepare(self, cycle: Cycle) -> tuple[str, list[object], tuple[int, ...]]:
        self._seq += 1
        fields: list[object] = []
        for eid, row in enumerate(cycle.rows):
            fields += (self._seq, eid, 1, row.generation, array("d", row.values).tobytes())
        rows = ",".join(["(?,?,?,?,?)"] * len(cycle.rows))
        stamp = (self._seq, cycle.stamp.wall_ms, cycle.stamp.mono_ns, 1)
        return f"INSERT INTO head VALUES{rows}", fields, stamp

    def store(self, prepared: tuple[str, list[object], tuple[int, ...]]) -> None:
        sql, fields, stamp = prepared
        with connect.transaction(self._db):
            self._db.execute("INSERT INTO cycle VALUES(?,?,?,?)", stamp)
            self._db.execute(sql, fields)

    def close(self) -> None:
        self._db.close()


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--json", action="store_true", help="print JSON")
    arguments.add_argument("--days", type=float, default=8, help="length of the queried store")
    arguments.add_argument("--store", type=Path, help="a real store to take bytes per sample from")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="nebulxc-bench-") as directory:
        found = figures(Path(directory), chosen.days)
    if chosen.store:
        found = replace(found, real=bytes_per_sample(chosen.store))
    print(json.dumps(asdict(found)) if chosen.json else table(found))
    return 0


def figures(directory: Path, days: float) -> Figures:
    """Two stores: an hour of many entities, and days of few."""
    feed = Feed(ENTITIES)
    path = directory / "wide" / FILE_NAME
    writer = SqliteWriter(path, SETTINGS, feed)
    try:
        floor, append = against_floor(feed, writer, directory / "floor.sqlite")
        for _ in range(HOUR_S // STEP_S):
            writer.append(feed.cycle())
        beside, seal_s = beside_upkeep(feed, writer)
        sizes = bytes_per_sample(path)
        latest = typical(SqliteReader(path).latest, 50)
    finally:
        writer.close()
    whole, queries = long_store(directory / "long" / FILE_NAME, days)
    walls = sorted(wall for wall, _ in beside)
    return Figures(
        ENTITIES * len(COLUMNS),
        floor_cpu=floor,
        append_cpu=append,
        beside_cpu=statistics.median(cpu for _, cpu in beside),
        beside_wall_p95=walls[int(len(walls) * 0.95)],
        beside_wall_max=walls[-1],
        seal_cpu_s_per_hour=seal_s,
        raw_bytes_per_sample=sizes["raw"],
        minute_bytes_per_sample=sizes["minute"],
        latest_cpu=latest,
        recorded=recorded_size(directory / "recorded" / FILE_NAME),
        days=days,
        whole_file_bytes_per_sample=whole,
        queries_cpu=queries,
    )


def against_floor(feed: Feed, writer: SqliteWriter, path: Path) -> tuple[float, float]:
    """Medians of CPU per cycle, of the floor and of append, taking turns."""
    path.touch()
    floor = Floor(path)
    spent: dict[str, list[float]] = {"floor": [], "append": []}
    try:
        for _ in range(300):
            cycle = feed.cycle()
            prepared = floor.prepare(cycle)
            spent["floor"].append(cpu(lambda p=prepared: floor.store(p)))
            spent["append"].append(cpu(lambda c=cycle: writer.append(c)))
    finally:
        floor.close()
    return statistics.median(spent["floor"]), statistics.median(spent["append"])


def beside_upkeep(feed: Feed, writer: SqliteWriter) -> tuple[list[tuple[float, float]], float]:
    """(wall, CPU) of each append while an hour is sealed, and the sealing's CPU seconds."""
    seal: list[float] = []
    upkeep = threading.Thread(target=lambda: seal.append(cpu(writer.maintain)))
    upkeep.start()
    found = []
    while upkeep.is_alive():
        cycle = feed.cycle()
        start = time.perf_counter()
        spent = cpu(lambda c=cycle: writer.append(c))
        found.append(((time.perf_counter() - start) * 1000, spent))
        time.sleep(0.02)
    return found, seal[0] / 1000


def long_store(path: Path, days: float) -> tuple[float, dict[str, float]]:
    """Whole file's bytes per sample, and CPU of queries, of a store of two entities."""
    feed = Feed(LONG_ENTITIES)
    writer = SqliteWriter(path, SETTINGS, feed)
    cycles = int(days * 24 * HOUR_S / STEP_S)
    try:
        for number in range(cycles):
            writer.append(feed.cycle())
            if number % 2000 == 0:
                writer.maintain()
        writer.maintain()
    finally:
        writer.close()
    return path.stat().st_size / (cycles * LONG_ENTITIES * len(COLUMNS)), dict(
        queries(path, feed.stamp)
    )


def queries(path: Path, now: Stamp) -> Iterator[tuple[str, float]]:
    """Median CPU of reading one series in 300 points, and all of an entity: at once, one by one."""
    reader = SqliteReader(path)
    metrics = [column.metric for column in COLUMNS]
    for hours, name in ((1, "1 h"), (24, "24 h"), (168, "7 d")):
        span = Span(now.wall_ms - hours * HOUR_S * 1000, now.wall_ms, hours * 12_000)
        for metric in ("lxc_counter0_total", "lxc_memory0_bytes"):
            (found,) = reader.series("container", "one-1", metric, span)
            if not 295 <= len(found.points) <= 302:
                raise SystemExit(f"{name} of {metric} gave {len(found.points)} points, not 300")
            ask = partial(reader.series, "container", "one-1", metric, span)
            kind = "counter" if "counter" in metric else "gauge"
            yield f"one series in 300 points, {name} {kind}", typical(ask, 9)
        at_once = partial(reader.several, "container", "one-1", metrics, span)
        yield f"all {len(metrics)} in 300 points, {name}, at once", typical(at_once, 9)
        each = [partial(reader.series, "container", "one-1", metric, span) for metric in metrics]
        yield (
            f"all {len(metrics)}, {name}, one by one",
            typical(lambda e=each: [ask() for ask in e], 3),
        )


def recorded_size(path: Path) -> dict[str, float]:
    """Bytes per sample of the recording, sealed."""
    cycles = recording.load(RECORDING)
    feed = Feed(0)
    writer = SqliteWriter(path, SETTINGS, feed)
    try:
        start = START.wall_ms - cycles[0].stamp.wall_ms
        for cycle in cycles:
            stamp = replace(cycle.stamp, wall_ms=cycle.stamp.wall_ms + start)
            writer.append(replace(cycle, stamp=stamp))
        later = replace(stamp, wall_ms=START.wall_ms + HOUR_S * 1000)
        for _ in range(KEEP_CYCLES):
            writer.append(Cycle(later, ()))
        writer.maintain()
        return bytes_per_sample(path)
    finally:
        writer.close()


def bytes_per_sample(path: Path) -> dict[str, float]:
    """Sealed bytes by the samples they hold: raw, and fresh minutes by the same raw samples."""
    db = connect.open_reader(path)
    try:
        samples = sum(
            _samples(blob, times)
            for blob, times in db.execute(
                "SELECT c.b, s.b FROM shown s JOIN chunk c USING(tier, first_seq) WHERE s.tier=?",
                [slices.RAW],
            )
        )
        if not samples:
            raise SystemExit(f"{path} has no sealed hour yet")
        size = dict(db.execute("SELECT tier, sum(length(b)) FROM chunk GROUP BY tier"))
        times = dict(db.execute("SELECT tier, sum(length(b)) FROM shown GROUP BY tier"))
    finally:
        db.close()
    return {
        "samples": samples,
        "raw": (size[slices.RAW] + times[slices.RAW]) / samples,
        "minute": (size.get(slices.FRESH, 0) + times.get(slices.FRESH, 0)) / samples,
    }


def _samples(blob: bytes, times: bytes) -> int:
    """Values that were read: missing ones do not count."""
    frame = slices.load_frame(blob, len(slices.load_times(times).seq))
    return sum(1 for s in frame.streams.values() for v in s if not math.isnan(v))


def cpu(step: Callable[[], object]) -> float:
    """Milliseconds of this thread's CPU."""
    start = time.thread_time_ns()
    step()
    return (time.thread_time_ns() - start) / 1e6


def typical(step: Callable[[], object], times: int) -> float:
    """The median of several."""
    step()
    return statistics.median(cpu(step) for _ in range(times))


def table(f: Figures) -> str:
    """The figures in lines."""
    rows = [
        f"storing {f.series} series (CPU of a cycle):  floor {f.floor_cpu:.2f} ms"
        f"  append {f.append_cpu:.2f} ms = {f.append_cpu / f.floor_cpu:.2f}x",
        f"beside upkeep: append {f.beside_cpu:.2f} ms CPU; takes p95 {f.beside_wall_p95:.0f} ms,"
        f" max {f.beside_wall_max:.0f} ms",
        f"sealing an hour with its minutes: {f.seal_cpu_s_per_hour:.2f} s CPU",
        f"bytes per sample, sealed (synthetic): raw {f.raw_bytes_per_sample:.2f},"
        f" minutes {f.minute_bytes_per_sample:.2f};"
        f" whole file of {f.days:g} days {f.whole_file_bytes_per_sample:.2f}",
    ]
    for name, real in (("recorded from a host", f.recorded), ("the given store", f.real)):
        if real:
            rows.append(
                f"bytes per sample, sealed ({name}, {real['samples']:.0f} samples):"
                f" raw {real['raw']:.2f}, minutes {real['minute']:.2f}"
            )
    rows.append(f"latest of all: {f.latest_cpu:.2f} ms CPU")
    rows += [f"{name}: {ms:.1f} ms CPU" for name, ms in f.queries_cpu.items()]
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
