"""Where an action works: the node, its policy, and the ways out of the program."""

import os
import select
import stat
import time

from vmm import node
from vmm.container import Container
from vmm.host import Host
from vmm.lean.value import Value
from vmm.node import Node
from vmm.policy import NodePolicy
from vmm.report import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object  # an action would wait for typing's import

STDOUT = 1


class Now(Protocol):
    """What an action wants to know of the time."""

    @property
    def wall_ms(self) -> int:
        """Milliseconds since 1970."""
        ...


class Clock(Protocol):
    """Where time comes from: `collector.clock.Clock` is one."""

    def now(self) -> Now:
        """The current time."""
        ...


class WallClock:
    """This machine's wall clock alone: to import the collector's takes as long as all of ours."""

    def now(self) -> Now:
        """It is read when it is asked."""
        return self

    @property
    def wall_ms(self) -> int:
        """By CLOCK_REALTIME."""
        return time.time_ns() // 1_000_000


class Site(Value):
    """What every action gets beside its message."""

    policy: NodePolicy
    host: Host
    report: Report
    clock: Clock

    def container(self, name: str) -> Container:
        """The container of this name on this node."""
        return Container(name, self.policy, self.host)

    def node(self) -> Node:
        """What the node offers, read now."""
        return node.read(self.policy)


def listening() -> bool:
    """Whether the reader of our answer is still there: a dropped ssh takes it away."""
    if not stat.S_ISFIFO(os.fstat(STDOUT).st_mode) and not stat.S_ISSOCK(os.fstat(STDOUT).st_mode):
        return True
    poll = select.poll()
    poll.register(STDOUT, 0)
    return not any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
