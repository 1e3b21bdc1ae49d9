"""What the collector knows of its own work; the metrics group `self` reports it."""

import logging

from collector.devices import Devices
from collector.model import Stamp
from collector.store import StoreWriter

log = logging.getLogger(__name__)


class Stats:
    """One per collector. `duration_s`, `skipped_cycles` and `cycles` are those of the Loop."""

    def __init__(self) -> None:
        self.duration_s: float | None = None
        """What the cycle before this one took, store included; None in the first."""
        self.cycles = 0
        self.skipped_cycles = 0
        self.containers_running = 0
        self.containers_stopped = 0
        self.errors: dict[str, int] = {}
        """Failed readings by group of metrics ("cycle" for what no group caused)."""
        self.last_error: dict[str, str] = {}
        """The newest error's text by group."""
        self.last_stamp: Stamp | None = None
        self.devices: Devices | None = None
        """The collector's, which knows of calls that hang."""
        self.store: StoreWriter | None = None
        """The store the Loop writes to; None for a single reading."""

    def failed(self, group: str, error: BaseException) -> None:
        """Count an error; log it when it is not the one that this group had last."""
        text = f"{type(error).__name__}: {error}"
        self.errors[group] = self.errors.get(group, 0) + 1
        if self.last_error.get(group) != text:
            self.last_error[group] = text
            log.warning("%s: %s (this group's values of one cycle are missing)", group, text)
