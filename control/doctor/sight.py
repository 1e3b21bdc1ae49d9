"""What the checks look at: the node's policy, and which containers are ours and how they are."""

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from vmm import journal, lock, stock
from vmm.container import Container
from vmm.errors import DriverError
from vmm.host import Host
from vmm.lxc import monitor, stub
from vmm.policy import NodePolicy
from vmm.state import CONFIG, PLAN

NAME = re.compile(r"one-\d+")
REBOOT_SECONDS = 5.0
"""A container that reboots from inside has no init for a moment, but its monitor stays."""


@dataclass(frozen=True, slots=True)
class Life:
    """How a container of ours is at this moment. Nothing is said of one with an action under way.

    `hangs` tells that its monitor lives on without it.
    """

    container: Container
    defined: bool
    init: int | None
    hangs: bool

    @property
    def name(self) -> str:
        """The container's name."""
        return self.container.name

    @property
    def idle(self) -> bool:
        """Whether nothing of it runs: whatever there is of it is left over."""
        return self.init is None and not self.hangs


@dataclass(frozen=True, slots=True)
class Sight:
    """The node as the checks see it."""

    policy: NodePolicy
    host: Host
    lives: tuple[Life, ...]

    @property
    def idle(self) -> dict[str, Life]:
        """What is ours and does not run, by name."""
        return {life.name: life for life in self.lives if life.idle}

    @property
    def running(self) -> tuple[Life, ...]:
        """What is defined and runs."""
        return tuple(life for life in self.lives if life.init is not None and life.defined)


def look(policy: NodePolicy, host: Host) -> Sight:
    """The containers that are ours: those defined here, and those that only the journal knows.

    A name under which LXC or the stock driver has a container is not ours, whatever the journal
    says.
    """
    told = (entry.vm for entry in journal.read(policy.journal))
    known = {*_listed(policy.state), *_stubs(policy), *told}
    names = sorted(name for name in known if NAME.fullmatch(name))
    lives = (_life(Container(name, policy, host)) for name in names)
    return Sight(policy, host, tuple(life for life in lives if life))


def _listed(directory: str) -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return os.listdir(directory)
    return []


def _stubs(policy: NodePolicy) -> Iterator[str]:
    for name in _listed(policy.lxc):
        directory = f"{policy.lxc}/{name}"
        if os.path.isfile(f"{directory}/{CONFIG}") and stub.is_ours(directory):
            yield name


def _life(container: Container) -> Life | None:
    if lock.is_held(container.state.lock):
        return None
    present = container.state.present
    if not present and _is_anothers(container):
        return None
    init = container.init()
    if init is None and not _monitor_ended(container):
        init = container.init()
        return Life(container, present, init, hangs=init is None)
    defined = present and os.path.exists(container.state.path(PLAN))
    return Life(container, defined, init, hangs=False)


def _is_anothers(container: Container) -> bool:
    vmid = container.name.removeprefix("one-")
    return os.path.isdir(f"{stock.HAS}/{vmid}") or not stub.is_ours(container.stub)


def _monitor_ended(container: Container) -> bool:
    with contextlib.suppress(DriverError):  # damaged files are another check's
        return monitor.ended(container.state, REBOOT_SECONDS)
    return True
