"""What the collector knows of its own work; the metrics group `self` reports it."""

import logging

from collector.devices import Devices
from collector.model import Stamp
from collector.store import StoreWriter

_SILENCE_NS = 3_600_000_000_000
_TEXTS_MAX = 1024

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
        self._silent_until_ns: dict[str, int] = {}
        self.devices: Devices | None = None
        """The collector's, which knows of calls that hang."""
        self.store: StoreWriter | None = None
        """The store the Loop writes to; None for a single reading."""

    def failed(self, group: str, error: BaseException) -> None:
        """Count an error; log it once, and again after an hour if it is still there."""
        text = f"{type(error).__name__}: {error}"
        self.errors[group] = self.errors.get(group, 0) + 1
        self.last_error[group] = text
        now_ns = self.last_stamp.mono_ns if self.last_stamp else 0
        if now_ns >= self._silent_until_ns.get(text, 0):
            if len(self._silent_until_ns) >= _TEXTS_MAX:
                self._silent_until_ns.clear()
            self._silent_until_ns[text] = now_ns + _SILENCE_NS
            log.warning("%s: %s (what it would have told is missing in this cycle)", group, text)
