"""A log without its index: the writer was killed, and then somebody deleted or lost `-shm`.

SQLite would make the index file anew, which a user who may only read the directory cannot. Such
a reader may read without locks and with an index of its own as long as nobody writes. A writer
makes the index file before anything else, so an unchanged mark before and after proves that
there was none.
"""

import os
from pathlib import Path

Mark = tuple[int, ...]


def mark(path: Path) -> Mark | None:
    """What tells this orphaned state from any other; None where it is none, or we may repair it."""
    if os.path.exists(f"{path}-shm") or os.access(path.parent, os.W_OK):
        return None
    try:
        log = os.stat(f"{path}-wal")
        database = os.stat(path)
    except OSError:
        return None
    return tuple(n for s in (log, database) for n in (s.st_ino, s.st_size, s.st_mtime_ns))
