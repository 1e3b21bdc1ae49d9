"""NICs of a container that may be starting, rebooting or ending meanwhile.

The plan says which NICs a container has: each start makes those. An action first changes the
plan, then the running container; both it and the hook of a start hold one lock while they do
so, and none of them holds it while it waits for the other. Imported by hooks: keep it lean.
"""

from __future__ import annotations

import time

from vmm import lock
from vmm.errors import DriverError, NotFound
from vmm.lean.value import replace
from vmm.nics import network
from vmm.plan import Plan, PlannedNic
from vmm.state import PLAN, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LOCK_SECONDS = 30.0
REBOOT_SECONDS = 30.0
"""How long a container that reboots is waited for."""
POLL_SECONDS = 0.05


def attach_all(state: State, pid: int) -> None:
    """Make every NIC of the plan for the start whose init is `pid`."""
    if Plan.from_json(state.require(PLAN)).nics:
        with _locked(state):
            for nic in Plan.from_json(state.require(PLAN)).nics:
                network.attach(nic, pid)


def attach(
    state: State, nic: PlannedNic, init: Callable[[], int | None], ended: Callable[[], bool]
) -> None:
    """Add a NIC to the plan and to the container that runs; `detach` takes back what was done.

    `init` gives the pid of the container's init, None while it reboots, and `ended` whether the
    container has ended for good.
    """
    _plan(state, lambda nics: (*_others(nics, nic), nic))
    deadline = time.monotonic() + REBOOT_SECONDS
    while True:
        pid = init()
        if pid is not None and _attached(state, nic, pid, init):
            return
        if (pid is None and ended()) or time.monotonic() > deadline:
            raise NotFound(f"{state.name} does not run", "resume the VM")
        time.sleep(POLL_SECONDS)


def _attached(state: State, nic: PlannedNic, pid: int, init: Callable[[], int | None]) -> bool:
    """Whether the NIC is there and one and the same init was, before and after."""
    try:
        with _locked(state):
            network.attach(nic, pid)
    except (DriverError, OSError):
        if init() == pid:
            raise
        return False
    return init() == pid


def detach(state: State, nic: PlannedNic) -> None:
    """Take a NIC from the plan and from the container, whatever it does; or from either."""
    _plan(state, lambda nics: _others(nics, nic))
    with _locked(state):
        network.detach(nic)


def _plan(state: State, change: Callable[[tuple[PlannedNic, ...]], tuple[PlannedNic, ...]]) -> None:
    state.require(PLAN)
    with _locked(state):
        plan = Plan.from_json(state.require(PLAN))
        state.write(PLAN, replace(plan, nics=change(plan.nics)).as_json())


def _others(nics: tuple[PlannedNic, ...], nic: PlannedNic) -> tuple[PlannedNic, ...]:
    return tuple(other for other in nics if other.host_name != nic.host_name)


def _locked(state: State) -> lock.exclusive:
    return lock.exclusive(state.nics_lock, LOCK_SECONDS, f"the NICs of {state.name}")
