"""What the page is told at its start. The entry point fills it from the configuration."""

from dataclasses import dataclass, field
from pathlib import Path

from collector.store import STORE_DIR


@dataclass(frozen=True, slots=True)
class PageSettings:
    """Frozen for the life of the process.

    `stale_cycles` is after how many intervals without a reading the page calls itself stale;
    `reserve_bytes` is what the agent leaves free beside the store: with less it stops writing.
    `driver_state` and `journal` are the driver's, which may not be there.
    `token` empty means nobody is asked for one; `hosts` are names beside loopback's own that a
    request's Host header may carry while there is no token.
    """

    interval_s: float = 5.0
    stale_cycles: float = 3.0
    store_dir: Path = STORE_DIR
    reserve_bytes: int = 1024**3
    driver_state: Path = Path("/var/lib/nebulxc/ct")
    journal: Path = Path("/var/lib/nebulxc/journal.jsonl")
    token: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ()
    version: str = "0"

    @property
    def stale_s(self) -> float:
        """Seconds without a reading after which it is stale."""
        return self.interval_s * self.stale_cycles
