"""The logs of a container: LOG/one-N/, bounded, and kept for some days after its end.

action.log is ours, lxc.log and console.log are LXC's. LXC bounds the console's log itself; the
others are cut when an action begins.
"""

import contextlib
import os
import re
import shutil

from vmm.policy import NodePolicy

MAX_BYTES = 1 << 20
ACTION_LOG = "action.log"
OURS = re.compile(r"one-(0|[1-9][0-9]*)")
DAY = 86_400


def directory(name: str, policy: NodePolicy) -> str:
    """Where the container's logs are."""
    return f"{policy.log}/{name}"


def prepare(name: str, policy: NodePolicy) -> str:
    """The directory, made if need be, with every log in it cut to one old and one new file."""
    path = directory(name, policy)
    os.makedirs(path, mode=0o750, exist_ok=True)
    for entry in list(os.scandir(path)):
        if entry.name.endswith(".log") and entry.stat(follow_symlinks=False).st_size > MAX_BYTES:
            os.replace(entry.path, f"{entry.path}.1")
    return path


def prune(policy: NodePolicy, now: float) -> None:
    """Remove the logs of containers that are gone since `log_days`. `now` is wall time."""
    with contextlib.suppress(FileNotFoundError):
        for entry in list(os.scandir(policy.log)):
            if OURS.fullmatch(entry.name) and _is_over(entry, policy, now):
                shutil.rmtree(entry.path, ignore_errors=True)


def _is_over(entry: os.DirEntry[str], policy: NodePolicy, now: float) -> bool:
    if not entry.is_dir(follow_symlinks=False) or os.path.exists(f"{policy.state}/{entry.name}"):
        return False
    times = [entry.stat().st_mtime, *(file.stat().st_mtime for file in os.scandir(entry.path))]
    return now - max(times) > policy.log_days * DAY
