"""Every action with its reason, outcome and duration: what the page and `doctor` read.

A file of JSON lines beside the store, appended to by every action in one write each, so that
parallel actions do not mix; a line that a power cut tore is skipped.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from vmm.lean import brief_json
from vmm.lean.value import Value, asdict

MAX_BYTES = 8 << 20
"""The file is put aside once at this size: the journal takes at most twice that."""
MODE = 0o640


class Entry(Value):
    """One action. `outcome` is "done" or "failed"; `said` its answer or its error."""

    wall_ms: int
    action: str
    vm: str
    reason: str
    """Why it ran: OpenNebula's life-cycle state at the time, or who asked."""
    outcome: str
    said: str
    seconds: float


def append(path: str, entry: Entry) -> None:
    """Keep one entry; OSError when it cannot be written."""
    if _is_full(path):
        _put_aside(path)
    line = brief_json.dumps(asdict(entry)) + "\n"
    new = not os.path.exists(path)
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)
    try:
        if new:
            # The directory's group is the page's, which reads the journal.
            os.fchown(fd, -1, os.stat(os.path.dirname(path)).st_gid)
        os.write(fd, line.encode())
    finally:
        os.close(fd)


def _is_full(path: str) -> bool:
    try:
        return os.stat(path).st_size > MAX_BYTES
    except FileNotFoundError:
        return False


def _put_aside(path: str) -> None:
    """By one of the actions that find it full at once: another would put the next file over it.

    Nobody waits for the lock, which whoever may read the file can hold: a later action tries again.
    """
    with contextlib.suppress(FileNotFoundError, BlockingIOError), open(path, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_full(path):  # by now it may be the next one
            os.replace(path, f"{path}.1")


def read(path: str, vm: str = "", last: int = 1000) -> list[Entry]:
    """The last entries, oldest first, of one VM or of all."""
    found = [
        entry
        for part in (f"{path}.1", path)
        for entry in _entries(part, vm)
        if vm in ("", entry.vm)
    ]
    return found[-last:]


def _entries(path: str, vm: str) -> Iterator[Entry]:
    quoted = brief_json.dumps(vm) if vm else ""  # lines without it need not be taken apart
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
        for line in file:
            if quoted not in line:
                continue
            with contextlib.suppress(ValueError, TypeError):
                yield Entry(**brief_json.loads(line))
