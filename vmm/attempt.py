"""Whether a start may go on: nothing may come up after OpenNebula was told that it failed.

deploy writes an attempt with a deadline and hands its id to lxc-start in the environment, which
LXC's monitor and all its hooks inherit, also on a later reboot from inside. Imported by hooks.
"""

import os
import time

from vmm import lock
from vmm.errors import DriverError
from vmm.lean.value import Value, asdict, replace
from vmm.state import ATTEMPT, State

VARIABLE = "NEBULXC_ATTEMPT"
STARTING, RUNNING, OVER = "starting", "running", "over"


class Attempt(Value):
    """One start: how far it got, and until when (CLOCK_MONOTONIC of that boot) it may go on."""

    id: str
    phase: str
    deadline_ns: int
    boot_id: str


def boot_id() -> str:
    """The id of this boot."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def begin(state: State, seconds: float) -> Attempt:
    """Allow one start for `seconds`."""
    deadline = time.monotonic_ns() + int(seconds * 1e9)
    attempt = Attempt(os.urandom(8).hex(), STARTING, deadline, boot_id())
    state.write(ATTEMPT, asdict(attempt))
    return attempt


def move(state: State, phase: str) -> None:
    """Say that the attempt came to RUNNING or is OVER; nothing to do without one."""
    attempt = current(state)
    if attempt and attempt.phase != phase:
        state.write(ATTEMPT, asdict(replace(attempt, phase=phase)))


def current(state: State) -> Attempt | None:
    """The last attempt, None before the first."""
    found = state.read(ATTEMPT)
    return Attempt(**found) if found else None


def check(state: State, token: str, *, again: bool = False) -> None:
    """Raise DriverError unless a start with `token` ("" when by hand) may go on now.

    `again` tells that its monitor was let through before: a reboot from inside. An action holds
    the container's lock while it lives, so a lock that is free tells that a killed deploy will
    never report this start as done.
    """
    attempt = current(state)
    if attempt and attempt.phase == OVER:
        raise DriverError(f"this start of {state.name} was given up")
    in_flight = lock.is_held(state.lock)
    if not token:
        if in_flight and not again:
            raise DriverError(f"an action on {state.name} is in flight", "start it afterwards")
        return
    if attempt is None or attempt.id != token:
        raise DriverError(f"this start of {state.name} was replaced by a later one")
    if attempt.phase == STARTING:
        if attempt.boot_id != boot_id() or time.monotonic_ns() > attempt.deadline_ns:
            raise DriverError(f"this start of {state.name} took too long and was given up")
        if not in_flight:
            raise DriverError(f"the action that started {state.name} died")
