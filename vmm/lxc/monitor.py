"""LXC's monitor of a container, as the pre-start hook recorded it: the hook's parent."""

import time

from vmm import attempt, process
from vmm.errors import DriverError
from vmm.state import MONITOR, State

POLL_SECONDS = 0.02


def ended(state: State, seconds: float) -> bool:
    """Whether no monitor runs, or it ends within `seconds`; it has run all its hooks then."""
    with process.held(*_recorded(state)) as pidfd:
        return pidfd is None or process.ended(pidfd, seconds)


def kill(state: State, seconds: float) -> None:
    """End the monitor and what it runs: its mounts and loop devices go with it."""
    pid, started = _recorded(state)
    with process.held(pid, started) as pidfd:
        if pidfd is None:
            return
        process.halt(pidfd)
        below = _halted_below(pid)
        process.kill(pidfd)
        kill_all(below, seconds)
        if not process.ended(pidfd, seconds):
            raise DriverError(
                f"the monitor of {state.name} (pid {pid}) cannot be killed",
                "it hangs in the kernel, mostly on storage that does not answer",
            )


def kill_all(pids: list[int], seconds: float) -> None:
    """End these processes; one that hangs in the kernel is left to the caller's next check."""
    deadline = time.monotonic() + seconds
    for pid in pids:
        with process.held(pid) as pidfd:
            if pidfd is not None:
                process.kill(pidfd)
                process.ended(pidfd, deadline - time.monotonic())


def _halted_below(pid: int) -> list[int]:
    """Every process below this one, which is halted too: what one of them starts between a look and
    its end would run on, a hook beside the next life of its container."""
    found: list[int] = []
    while new := [one for one in process.descendants(pid) if one not in found]:
        for one in new:
            with process.held(one) as pidfd:
                if pidfd is not None:
                    process.halt(pidfd)
        found += new
    return found


def _recorded(state: State) -> tuple[int, int | None]:
    """(pid, start time) of the monitor; (0, None) when none is recorded for this boot."""
    found = state.readable(MONITOR)
    if not found or found["boot_id"] != attempt.boot_id():
        return 0, None
    return found["pid"], found["started"]
