"""What the driver tells of a container that it runs: its definition and its last actions."""

import os
import re
from typing import Any

import msgspec

from vmm import applied, journal
from web.memo import Memo
from web.settings import PageSettings

OURS = re.compile(r"one-\d+")
LAST = 20


class Driver:
    """Reads the files of the driver on this node, each again only once it has changed."""

    def __init__(self, settings: PageSettings) -> None:
        self._state = str(settings.driver_state)
        self._journal = str(settings.journal)
        self._bodies: Memo[msgspec.Raw] = Memo(64)

    def tells(self, name: str) -> msgspec.Raw | None:
        """`definition` and `actions`, the last first; None of what the driver does not know."""
        if not OURS.fullmatch(name):
            return None
        definition = f"{self._state}/{name}/{applied.FILE}"
        key = (name, *map(_version, (definition, self._journal)))
        made = self._bodies.get(key, lambda: msgspec.Raw(msgspec.json.encode(self._read(name))))
        return None if made == b"null" else made

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            entries = journal.read(self._journal, name, LAST)
        except OSError:  # not ours to read: then the page has no actions to show
            entries = []
        definition = applied.read(self._state, name)
        if definition is None and not entries:
            return None
        return {"definition": definition, "actions": [_action(entry) for entry in entries[::-1]]}


def _action(entry: journal.Entry) -> dict[str, Any]:
    return {
        "time": entry.wall_ms / 1000,
        "action": entry.action,
        "outcome": entry.outcome,
        "seconds": entry.seconds,
        "reason": entry.reason,
        "said": entry.said,
    }


def _version(path: str) -> tuple[int, int, int] | None:
    """What changes with the content of a file that is replaced or appended to."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
