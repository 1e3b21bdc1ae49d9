"""Processes by pid and start time, waited for and signalled through pidfds.

A pid alone may name another process by the time it is used, and -1 names all of them.
Imported by hooks: keep it lean.
"""

import os
import select
import time

from collector.pidfd import opened
from vmm.lean.ignoring import Ignoring

STAT_STATE, STAT_PPID, STAT_FLAGS, STAT_START = 0, 1, 6, 19
STAT_ENV_START, STAT_ENV_END = 47, 48
PF_EXITING, PF_KTHREAD = 0x4, 0x200000
"""proc(5): fields of /proc/PID/stat after the command name; include/linux/sched.h: its flags."""
EXECVE_SECONDS = 10.0


def stat_fields(pid: int) -> list[str] | None:
    """/proc/PID/stat after the command name, which may hold anything; None if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def start_time(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None if it is gone."""
    fields = stat_fields(pid)
    return int(fields[STAT_START]) if fields else None


def exits(pid: int) -> bool:
    """Whether the process is gone or about to be: no instruction of its program comes any more."""
    fields = stat_fields(pid)
    return fields is None or bool(int(fields[STAT_FLAGS]) & PF_EXITING)


def age(pid: int) -> float:
    """Seconds since the process started; infinite if it is gone."""
    started = start_time(pid)
    if started is None:
        return float("inf")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")


def heeds_signals(pid: int) -> bool:
    """Whether the process catches or blocks any signal, as what was just executed does not.

    Who takes them by sigtimedwait(2) alone shows none of them while it waits there.
    """
    with Ignoring(OSError), open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        masks = [int(line.split()[1], 16) for line in file if line.startswith(("SigBlk", "SigCgt"))]
        return any(masks)
    return False


class held:  # noqa: N801 - reads as `with process.held(pid) as pidfd`
    """A pidfd of the process, None when it is gone or did not start at `started`."""

    def __init__(self, pid: int, started: int | None = None) -> None:
        self._pid, self._started = pid, started
        self._fd: int | None = None

    def __enter__(self) -> int | None:
        self._fd = opened(self._pid) if self._pid > 0 else None
        try:
            same = self._started is None or start_time(self._pid) == self._started
        except BaseException:
            self.__exit__()
            raise
        return self._fd if same else None

    def __exit__(self, *_: object) -> None:
        if self._fd is not None:
            os.close(self._fd)


def ended(pidfd: int, seconds: float) -> bool:
    """Whether the process ends within `seconds`."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(max(0.0, seconds) * 1000))


def kill(pidfd: int) -> None:
    """End the process at once; nothing to do when it is gone."""
    import signal  # no hook comes here, and it is slow to import

    with Ignoring(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)


def halt(pidfd: int) -> None:
    """Have the process start nothing any more: a fork(2) that is under way is done or given up by
    the time this returns. Nothing to do when it is gone."""
    import signal

    with Ignoring(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGSTOP)


def all_pids() -> list[int]:
    """Every process that this pid namespace shows."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def with_variable(name: str, value: str) -> list[int]:
    """Every process that was started with this environment variable."""
    wanted = f"{name}={value}".encode()
    deadline = time.monotonic() + EXECVE_SECONDS
    return [pid for pid in all_pids() if wanted in _environment(pid, deadline).split(b"\0")]


def _environment(pid: int, deadline: float) -> bytes:
    """What the process was started with; empty where it is gone, and for kernel threads.

    In the middle of execve(2) a process shows none: what it will show is waited for, until the
    deadline (one whose program lies on storage that does not answer stays in there).
    """
    with Ignoring(OSError):
        while not (found := _environ(pid)) and _has_more(pid) and time.monotonic() < deadline:
            time.sleep(0.001)
        return found
    return b""


def _environ(pid: int) -> bytes:
    with open(f"/proc/{pid}/environ", "rb") as file:
        return file.read()


def _has_more(pid: int) -> bool:
    """Whether a process that showed no environment has one by now, or is yet to get it."""
    fields = stat_fields(pid)
    if (
        fields is None
        or fields[STAT_STATE] in "ZX"
        or int(fields[STAT_FLAGS]) & (PF_EXITING | PF_KTHREAD)
    ):
        return False
    start, end = fields[STAT_ENV_START], fields[STAT_ENV_END]
    return end == "0" or start != end


def descendants(root: int) -> list[int]:
    """Every living process below `root`, children before grandchildren."""
    children: dict[int, list[int]] = {}
    for pid in all_pids():
        fields = stat_fields(pid)
        if fields:
            children.setdefault(int(fields[STAT_PPID]), []).append(pid)
    found = list(children.get(root, ()))
    for pid in found:
        found.extend(children.get(pid, ()))
    return found
