"""Pure: STATE_VM, which state every OpenNebula container is in: what changed, or the full list.

OpenNebula ignores a state for 30 s after a VM started or ended, and takes a full list
(SYNC_STATE, MISSING_STATE) as the whole truth: a VM that is not in it goes to MISSING_STATE.
"""

from __future__ import annotations

from collector.plain import is_number
from im_probes.template import vector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from collector.lookup import Lookup

States = dict[int, str]
"""By VM id, one of State's."""
_OURS = "one-"


class State:
    """The states monitord knows of a VM."""

    RUNNING = "RUNNING"
    SUSPENDED = "SUSPENDED"
    POWEROFF = "POWEROFF"
    FAILURE = "FAILURE"


_SAID = {"running": State.RUNNING, "frozen": State.SUSPENDED, "stopped": State.POWEROFF}


def vmid_of(name: str) -> int | None:
    """7 for one-7; None for any other container: `my-one-7` and `one-07` are nobody's VM."""
    digits = name[len(_OURS) :]
    return int(digits) if name.startswith(_OURS) and is_number(digits) else None


def state_of(reading: Lookup) -> str | None:
    """Running, suspended for frozen, powered off for stopped; None where the reading has none."""
    for labels, value in reading.labelled("lxc_state"):
        if value == 1:
            return _SAID.get(dict(labels)["state"])
    return None


def states(readings: Iterable[Lookup]) -> States:
    """The state of every container that is an OpenNebula VM."""
    found: States = {}
    for reading in readings:
        vmid = vmid_of(reading.name)
        if vmid is not None and (state := state_of(reading)) is not None:
            found[vmid] = state
    return found


def failed(known: States, orphaned: Iterable[str]) -> States:
    """`known`, with FAILURE for the containers `orphaned`: they run, and nothing can end them.

    OpenNebula makes an UNKNOWN of a RUNNING VM, and finds it again when another state is told.
    """
    vmids = {vmid for name in orphaned if (vmid := vmid_of(name)) is not None}
    return {**known, **dict.fromkeys(vmids, State.FAILURE)}


def changes(before: States, now: States) -> States:
    """What to tell monitord after `before`: new states, and POWEROFF at once for who vanished."""
    told = {vmid: state for vmid, state in now.items() if before.get(vmid) != state}
    for vmid in before.keys() - now.keys():
        if before[vmid] != State.POWEROFF:
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
