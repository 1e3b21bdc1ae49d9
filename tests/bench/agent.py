"""What the agent costs: share of a core and memory at a reading each second, store included.

Run as root: `.venv/bin/python tests/bench/agent.py [--containers 100] [--seconds 60]`. Starts that
many real busybox containers with a NIC each, then the agent as a process of its own, without the
page. CPU is what the kernel counted for the process (user and system) after its first 10 seconds:
at first nothing runs in the containers, then in each of them a process starts twice a second.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.busybox import VETH, Busybox, until

from collector.brief import newest
from collector.store import FILE_NAME
from collector.store.sqlite import SqliteReader

_ENTRY = Path(sys.executable).parent / "nebulxc"
_WARM_UP_S = 10
_BUSY = ("sh", "-c", "while sleep 0.5; do :; done")
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--containers", type=int, default=100)
    arguments.add_argument("--seconds", type=int, default=60)
    chosen = arguments.parse_args()
    with Busybox("nxba") as busybox:
        print(f"starting {chosen.containers} containers", file=sys.stderr)
        containers = busybox.start_many(map(str, range(chosen.containers)), *VETH)
        with tempfile.TemporaryDirectory() as directory, agent(Path(directory)) as pid:
            idle = share(pid, chosen.seconds)
            with ExitStack() as running:
                for container in containers:
                    running.enter_context(container.attached(*_BUSY))
                busy = share(pid, chosen.seconds)
            seen, series = size(Path(directory))
            print(
                f"{'containers':<24}{seen:>10}\n{'series':<24}{series:>10}\n"
                f"{'% of a core':<24}{idle * 100:>10.2f}   goal 1.3\n"
                f"{'% when all are busy':<24}{busy * 100:>10.2f}\n"
                f"{'resident MB':<24}{resident_mb(pid):>10.1f}   goal 60"
            )
    return 0


def share(pid: int, seconds: float) -> float:
    """The process's CPU time per time, after a while to settle in."""
    time.sleep(_WARM_UP_S)
    before, began = spent_s(pid), time.monotonic()
    time.sleep(seconds)
    return (spent_s(pid) - before) / (time.monotonic() - began)


@contextmanager
def agent(directory: Path) -> Iterator[int]:
    """The agent's process id, once its first cycle is stored."""
    config = directory / "nebulxc.toml"
    config.write_text(f'[collector]\ninterval = "1s"\n[store]\ndirectory = "{directory}/store"\n')
    process = subprocess.Popen([_ENTRY, "agent", "--no-page", "--config", config])
    try:
        store = str(directory / "store" / FILE_NAME)
        until(lambda: newest(store, ("host",), rates=False), "the first cycle")
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def spent_s(pid: int) -> float:
    """CPU seconds of the process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_mb(pid: int) -> float:
    """Resident memory in MB (10^6)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def size(directory: Path) -> tuple[int, int]:
    """Containers and series in the last cycle."""
    reader = SqliteReader(directory / "store" / FILE_NAME)
    cycle = reader.latest()
    reader.close()
    if cycle is None:
        raise SystemExit("the agent stored nothing")
    containers = [row for row in cycle.rows if row.entity.kind == "container"]
    return len(containers), sum(len(row.columns) for row in cycle.rows)


if __name__ == "__main__":
    raise SystemExit(main())
