"""kill -9 at random moments, of appending and of upkeep alike: nothing twice, nothing torn."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.children import child

from collector.store import FILE_NAME, Span
from collector.store.sqlite import SqliteReader

pytestmark = [pytest.mark.host, pytest.mark.slow, pytest.mark.timeout(900)]

WRITER = """
import sys, threading
from pathlib import Path
from collector.model import Column, Cycle, Entity, Row, Stamp
from collector.store import connect, seal
from collector.store.sqlite import SqliteReader, SqliteWriter, StoreSettings

seal.KEEP_CYCLES = 20  # upkeep must be busy most of the time for a kill to hit it
connect.APPEND_BUSY_MS = 600_000  # however long upkeep's disk takes, each cycle is stored at once
path = Path(sys.argv[1])
entities = [Entity("container", f"one-{n}", ()) for n in range(20)]
columns = (Column("lxc_work_total"), Column("lxc_level"))

class Clock:
    def now(self):
        return Stamp(1_800_000_000_000, 10**9, "b")

writer = SqliteWriter(path, StoreSettings(free_reserve_bytes=0), Clock())

def upkeep():
    while True:
        writer.maintain()

threading.Thread(target=upkeep, daemon=True).start()
latest = SqliteReader(path).latest()
number = latest.seq if latest else 0
while True:
    number += 1
    stamp = Stamp(1_800_000_000_000 + number * 60_000, number * 60 * 10**9, "b")
    rows = tuple(Row(e, 1, columns, [number, number % 7]) for e in entities)
    assert writer.append(Cycle(stamp, rows)) == number
    print(number, flush=True)
"""


def run_and_kill(path: Path, after_s: float) -> int:
    """Start a writer, kill it; the last cycle that it knew to be stored."""
    argv = [sys.executable, "-c", WRITER, str(path)]
    with child(argv, stdout=subprocess.PIPE, text=True) as writer:
        first = writer.stdout.readline()
        time.sleep(after_s)
        writer.kill()
        told = [first, *writer.stdout.read().splitlines(keepends=True)]
        assert writer.wait() == -signal.SIGKILL, "the writer ended by itself"
    return int([line for line in told if line.endswith("\n")][-1])


def test_twenty_kills(tmp_path: Path) -> None:
    path = tmp_path / "store" / FILE_NAME
    noise = random.Random()
    kills = 0
    # On a busy machine upkeep may not come to seal anything in twenty of these lives.
    while kills < 20 or not sealed(path):
        kills += 1
        stored = run_and_kill(path, noise.uniform(0.02, 0.8))
        latest = SqliteReader(path).latest()
        assert latest is not None
        assert latest.seq - stored in (0, 1), "killed between storing and telling, at most"
        check(path, latest.seq)
        assert kills < 100, "upkeep never sealed anything: the test proves too little"


def check(path: Path, seq: int) -> None:
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()
    reader = SqliteReader(path)
    for name in ("one-0", "one-19"):
        (work,) = reader.series("container", name, "lxc_work_total", Span(0, 2**52))
        assert [point.value for point in work.points] == [float(n) for n in range(1, seq + 1)]
        (level,) = reader.series("container", name, "lxc_level", Span(0, 2**52, 3_600_000))
        hours = {(1_800_000_000_000 + n * 60_000) // 3_600_000 for n in range(1, seq + 1)}
        assert len(level.points) == len(hours)


def sealed(path: Path) -> int:
    db = sqlite3.connect(path)
    (count,) = db.execute("SELECT count(*) FROM shown").fetchone()
    db.close()
    return int(count)
