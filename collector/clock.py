"""The one seam for time: wall, monotonic and boot id are read here and nowhere else."""

import time
from pathlib import Path
from typing import Protocol

from collector.model import Stamp


class Clock(Protocol):
    """Where time comes from; tests pass one that they step."""

    def now(self) -> Stamp:
        """The current wall time, monotonic time and boot id."""
        ...


class SystemClock:
    """The machine's own clocks. `root` is the file system that holds proc/."""

    def __init__(self, root: Path = Path("/")) -> None:
        boot_id = root / "proc/sys/kernel/random/boot_id"
        self._boot_id = boot_id.read_text(encoding="ascii").strip()

    def now(self) -> Stamp:
        """CLOCK_REALTIME in ms, CLOCK_MONOTONIC in ns, and this boot's id."""
        return Stamp(time.time_ns() // 1_000_000, time.monotonic_ns(), self._boot_id)
