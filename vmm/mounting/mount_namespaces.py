"""The mount namespaces of this host, and what is mounted in each.

Where / is not shared, a container's monitor keeps a copy of every mount that the host had when it
started: what the host unmounts stays mounted there, with its device.
"""

import contextlib
import os
from collections.abc import Iterator

from vmm import process


def each() -> Iterator[tuple[int, list[str]]]:
    """A process of each namespace, ourselves first for our own, and the mount points there."""
    seen = set()
    for pid in (os.getpid(), *process.all_pids()):
        with contextlib.suppress(OSError):
            namespace = os.readlink(f"/proc/{pid}/ns/mnt")
            if namespace not in seen:
                seen.add(namespace)
                with open(f"/proc/{pid}/mountinfo", encoding="utf-8", errors="replace") as file:
                    yield pid, [line.split(" ")[4] for line in file]
