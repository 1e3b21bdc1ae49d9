"""Which consoles should be open now: those of running containers whose template asks for VNC."""

import os
from dataclasses import dataclass, field

from vmm.lxc import monitor
from vmm.state import PLAN, SPEC, State

NOBODY = 65_534


@dataclass(frozen=True, slots=True)
class Wanted:
    """One console: where to listen, what the viewer has to know, and whose ids draw it."""

    name: str
    listen: str
    port: int
    password: str = field(repr=False)
    uid: int = NOBODY


def scan(base: str) -> dict[str, Wanted]:
    """By container name, those of the containers whose state is in `base`.

    A container lives as long as LXC's monitor of it: so a reboot from inside keeps its console.
    """
    found = (_wanted(State(f"{base}/{name}")) for name in _names(base))
    return {wanted.name: wanted for wanted in found if wanted}


def _names(base: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(base) if not name.startswith("."))
    except FileNotFoundError:
        return []


def _wanted(state: State) -> Wanted | None:
    spec, plan = state.readable(SPEC), state.readable(PLAN)
    graphics = spec and spec["graphics"]
    if not graphics or not plan or graphics["type"] != "vnc" or not graphics["port"]:
        return None
    if monitor.ended(state, 0):
        return None
    return Wanted(
        name=state.name,
        listen=graphics["listen"],
        port=graphics["port"],
        password=graphics["password"],
        # The X server speaks with strangers: it gets no more than an id of the container itself.
        uid=plan["uid"] + NOBODY if plan["uid"] else NOBODY,
    )
