"""The log directories of containers: bounded, kept some days after their container is gone."""

import contextlib
import os
import time

from vmm.policy import NodePolicy

LEVEL = "ERROR"
"""LXC warns a little at each reboot: a guest that reboots without end would fill the disk."""
START_LOG, LXC_LOG = "start.log", "lxc.log"
MAX_BYTES = 1 << 20
DAY_SECONDS = 86_400
MODE = 0o750


def prepare(name: str, policy: NodePolicy) -> str:
    """The container's log directory, made if missing, its logs within bounds."""
    directory = f"{policy.log}/{name}"
    os.makedirs(directory, MODE, exist_ok=True)
    os.utime(directory)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{directory}/{START_LOG}")
    with contextlib.suppress(FileNotFoundError):
        if os.stat(f"{directory}/{LXC_LOG}").st_size > MAX_BYTES:
            os.rename(f"{directory}/{LXC_LOG}", f"{directory}/{LXC_LOG}.old")
    return directory


def cut(directory: str) -> None:
    """Empty what has grown too large of the logs that LXC has open: a reboot may add to them."""
    for name in (START_LOG, LXC_LOG):
        with contextlib.suppress(OSError):
            if os.stat(f"{directory}/{name}").st_size > MAX_BYTES:
                os.truncate(f"{directory}/{name}", 0)  # LXC appends: it goes on from there


def used(directory: str) -> None:
    """The days that logs are kept begin now, with the end of their container."""
    with contextlib.suppress(FileNotFoundError):
        os.utime(directory)


def errors(log: str, most: int = 3) -> str:
    """The first error lines of LXC's log, without their positions in its source."""
    try:
        with open(log, encoding="utf-8", errors="replace") as file:
            lines = [line for line in file if " ERROR " in line]
    except FileNotFoundError:
        return ""
    said = [line.rstrip().split(" - ", 2)[-1] for line in lines]
    return " | ".join(said[:most])


def expire(policy: NodePolicy) -> None:
    """Remove the logs of containers that are not defined and were not used for some days. What
    cannot be removed now is left to the next time: no action fails for it."""
    oldest = time.time() - policy.log_days * DAY_SECONDS
    with contextlib.suppress(OSError):
        for name in os.listdir(policy.log):
            path = f"{policy.log}/{name}"
            if (
                name.startswith("one-")
                and not os.path.exists(f"{policy.state}/{name}")
                and os.stat(path, follow_symlinks=False).st_mtime < oldest
            ):
                _remove_tree(path)


def _remove_tree(path: str) -> None:
    import shutil  # rarely needed, and slow to import

    shutil.rmtree(path, ignore_errors=True)
