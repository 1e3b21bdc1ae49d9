"""Definitions: directories of ours without LXC's, LXC's without ours, half written, damaged."""

import os
from collections.abc import Iterator
from functools import partial

from control.doctor.finding import Finding
from control.doctor.sight import Life, Sight
from vmm.attachments import load
from vmm.errors import DriverError
from vmm.lxc import stub
from vmm.state import ATTEMPT, CONFIG, MONITOR, PLAN, SPEC


def check(sight: Sight) -> Iterator[Finding]:
    """Of containers with an action under way nothing is said."""
    for life in sight.lives:
        if life.container.state.present:
            yield from _of_ours(life)
        else:
            yield from _stub(life)


def _of_ours(life: Life) -> Iterator[Finding]:
    container, state = life.container, life.container.state
    problem = _problem(life)
    if not stub.is_ours(container.stub):
        yield Finding(
            life.name,
            "another program has since defined a container of this name",
            f"{container.stub}/{CONFIG}",
            f"remove {state.directory}, which is left over",
            state.remove if life.idle else None,
        )
    elif problem:
        yield Finding(
            life.name,
            problem,
            state.directory,
            "remove the definition; the next deploy writes a new one"
            if life.idle
            else "power the VM off and resume it",
            container.undefine if life.idle else None,
        )
    elif not os.path.exists(f"{container.stub}/{CONFIG}"):
        yield Finding(
            life.name,
            "LXC does not know it: lxc-ls, lxc-attach and a shutdown will not find it",
            container.stub,
            "write LXC's definition again",
            partial(stub.write, container.stub, state.path(CONFIG)),
        )


def _problem(life: Life) -> str:
    """What is wrong with the files of a definition, "" when they can be read."""
    state = life.container.state
    absent = [name for name in (PLAN, SPEC, CONFIG) if not os.path.exists(state.path(name))]
    if absent:
        return f"its definition is half written: no {', '.join(absent)}"
    try:
        for name in (PLAN, SPEC, ATTEMPT, MONITOR):
            state.read(name)
        load(state)
    except (DriverError, KeyError, TypeError) as error:
        return str(error)
    return ""


def _stub(life: Life) -> Iterator[Finding]:
    """What we left in LXC's directory for a container that is not defined any more."""
    directory = life.container.stub
    if life.idle and os.path.exists(f"{directory}/{CONFIG}"):
        yield Finding(
            life.name,
            "LXC's definition of a container that is gone",
            directory,
            "remove it",
            partial(stub.remove, directory),
        )
