"""The step that has systemd run our units, where systemd runs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vmm.errors import CommandError
from vmm.host import Host

RUNS = Path("/run/systemd/system")
_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Services:
    """`units`, enabled and running what is installed; `changed` tells whether that is new."""

    units: tuple[str, ...]
    host: Host
    changed: Callable[[], bool]
    runs: Path = RUNS

    def missing(self) -> str:
        """Enabling and starting, or starting anew."""
        if not self.runs.is_dir():
            return ""
        if not all(self._is("is-enabled", unit) for unit in self.units):
            return f"enable and start {', '.join(self.units)}"
        if self.changed() or not all(self._is("is-active", unit) for unit in self.units):
            return f"start {', '.join(self.units)} anew"
        return ""

    def apply(self) -> None:
        """Have systemd read its units, and run ours as they are now."""
        self._systemctl("daemon-reload")
        self._systemctl("enable", *self.units)
        self._systemctl("restart", *self.units)

    def leftover(self) -> str:
        """Stopping and disabling."""
        if not self.runs.is_dir() or not any(self._is("is-enabled", unit) for unit in self.units):
            return ""
        return f"stop and disable {', '.join(self.units)}"

    def remove(self) -> None:
        """Stop them, and do not start them at boot."""
        if self.leftover():
            self._systemctl("disable", "--now", *self.units)

    def _systemctl(self, *words: str) -> None:
        self.host.run("systemctl", *words, timeout=_TIMEOUT_S)

    def _is(self, what: str, unit: str) -> bool:
        try:
            self.host.run("systemctl", "--quiet", what, unit)
        except CommandError:
            return False
        return True
