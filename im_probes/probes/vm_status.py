"""Pure: STATE_VM, which state every OpenNebula container is in: what changed, or the full list.

OpenNebula ignores a state for 30 s after a VM started or ended, and takes a full list
(SYNC_STATE, MISSING_STATE) as the whole truth: a VM that is not in it goes to MISSING_STATE.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from collector.reading import Reading
from im_probes.template import vector

OURS = re.compile(r"one-(0|[1-9][0-9]*)", re.ASCII)
"""`my-one-7` is nobody's VM."""


class State(StrEnum):
    """The states monitord knows of a VM."""

    RUNNING = "RUNNING"
    SUSPENDED = "SUSPENDED"
    POWEROFF = "POWEROFF"
    FAILURE = "FAILURE"


States = Mapping[int, State]
"""By VM id."""

_SAID = {"running": State.RUNNING, "frozen": State.SUSPENDED, "stopped": State.POWEROFF}


def vmid_of(name: str) -> int | None:
    """7 for one-7; None for any other container."""
    ours = OURS.fullmatch(name)
    return int(ours[1]) if ours else None


def state_of(reading: Reading) -> State | None:
    """Running, suspended for frozen, powered off for stopped; None where the reading has none."""
    for labels, value in reading.labelled("lxc_state"):
        if value == 1:
            return _SAID.get(dict(labels)["state"])
    return None


def states(readings: Iterable[Reading]) -> dict[int, State]:
    """The state of every container that is an OpenNebula VM."""
    found: dict[int, State] = {}
    for reading in readings:
        vmid, state = vmid_of(reading.row.entity.name), state_of(reading)
        if vmid is not None and state is not None:
            found[vmid] = state
    return found


def changes(before: States, now: States) -> dict[int, State]:
    """What to tell monitord after `before`: new states, and POWEROFF at once for who vanished."""
    told = {vmid: state for vmid, state in now.items() if before.get(vmid) is not state}
    for vmid in before.keys() - now.keys():
        if before[vmid] is not State.POWEROFF:
            told[vmid] = State.POWEROFF
    return told


def render(told: States) -> str:
    """One line per VM; nothing to tell is an empty text, which is not sent."""
    return "".join(
        vector("VM", (("ID", vmid), ("DEPLOY_ID", f"one-{vmid}"), ("STATE", state)))
        for vmid, state in sorted(told.items())
    )


def render_all(now: States, missing: str) -> str:
    """The full list; `missing` is the state of every VM of this host that is not in it."""
    return f"SYNC_STATE=yes\nMISSING_STATE={missing}\n{render(now)}"
