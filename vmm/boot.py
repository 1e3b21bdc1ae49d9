"""Which containers ran when the host went down: what tells that from an end on purpose.

A start records the boot that it happens in (`state.MONITOR`), an end is recorded in `ENDED`, except
while the host goes down: then whatever ends a container, nobody meant that container. What was
started in the boot before this one and has no end on record ran until the host went down, be it a
shutdown or a power cut. Imported by hooks: keep it lean.
"""

from __future__ import annotations

import os

from vmm import attempt
from vmm.lean.ignoring import Ignoring
from vmm.lean.value import Value, asdict, replace
from vmm.state import State

ENDED = "ended.json"
STOPPED, SUSPENDED = "stopped", "suspended"
LAST = ".boot.json"


class Boot(Value):
    """What is kept of the boots of this host, beside its containers."""

    id: str
    before: str = ""
    """The id of the boot before this one; "" where none is known."""
    going_down: bool = False
    """Whether the host has begun to shut down."""
    pending: tuple[str, ...] = ()
    """What ran before and is yet to be brought back."""


def end(state: State, why: str = STOPPED) -> None:
    """Record that the container was ended, unless the host goes down."""
    if not goes_down(state.base):
        state.write(ENDED, {"why": why})


def live(state: State) -> None:
    """Record that it runs, or is about to. Should that fail, it is merely not brought back."""
    with Ignoring(OSError):
        state.discard(ENDED)


def ended(state: State) -> str:
    """Why it ended: STOPPED or SUSPENDED; "" when it runs or ran until its host went down."""
    found = state.readable(ENDED)
    if found is None:  # torn by a power cut, it tells of an end all the same
        return STOPPED if os.path.exists(state.path(ENDED)) else ""
    return str(found["why"])


def load(base: str) -> Boot | None:
    """What is kept in the directory of all containers, of this boot or of the one before."""
    found = State(base).readable(LAST)
    return Boot(**{**found, "pending": tuple(found["pending"])}) if found else None


def current(base: str) -> Boot:
    """This boot: as it is kept, or, when the last one still is, as the one after that."""
    last, now = load(base), attempt.boot_id()
    if last and last.id == now:
        return last
    # An interrupted recovery's containers have no start on record in the boot that it was in.
    return Boot(now, last.id, pending=last.pending) if last else Boot(now)


def begin(base: str) -> Boot:
    """`current`, kept from now on."""
    boot = current(base)
    if boot != load(base):
        save(base, boot)
    return boot


def save(base: str, boot: Boot) -> None:
    """Replace what is kept, on the disk too: a power cut is what it is for."""
    state = State(base)
    state.write(LAST, asdict(boot))
    state.sync_file(LAST)


def go_down(base: str) -> None:
    """The host shuts down: from now on no end is on purpose."""
    save(base, replace(begin(base), going_down=True))


def goes_down(base: str) -> bool:
    """Whether the host has begun to shut down in this boot."""
    boot = load(base)
    return boot is not None and boot.going_down and boot.id == attempt.boot_id()
