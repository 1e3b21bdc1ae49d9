"""The outcomes of commands inside containers, each told once.

The driver keeps the last one of each container in its directory; this process, which may not
write there, remembers what it has told.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from im_probes.probes.vm_execution import Outcome, is_due
from im_probes.probes.vm_status import vmid_of

FILE = "exec.json"


class Executions:
    """Below `state` is a directory per container; `running` names those that run."""

    def __init__(self, state: Path, running: Callable[[], Iterable[str]]) -> None:
        self._state, self._running = state, running
        self._told: dict[int, object] = {}

    def due(self, now_ms: int) -> dict[int, Outcome]:
        """By VM id, what has ended and was not told."""
        found: dict[int, Outcome] = {}
        for name in self._running():
            vmid = vmid_of(name)
            outcome = self._read(name) if vmid is not None else None
            if vmid is None or outcome is None or self._told.get(vmid) == outcome["id"]:
                continue
            if is_due(outcome, now_ms):
                found[vmid] = outcome
        return found

    def told(self, outcomes: dict[int, Outcome]) -> None:
        """These have arrived."""
        self._told.update({vmid: outcome["id"] for vmid, outcome in outcomes.items()})

    def _read(self, name: str) -> Outcome | None:
        """None where there is none, or none that can be read: the driver may be older or newer."""
        try:
            found = json.loads((self._state / name / FILE).read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and "id" in found else None
