"""Which containers run right now, and waking up as soon as one starts or dies.

Needs no privilege: inotify on the cgroup tree tells of starts and orderly ends, a pidfd per init
of every death, also where a killed monitor leaves its cgroups behind.
"""

import errno
import os
import select
from collections.abc import Mapping

from collector.clock import Clock
from collector.inventory import Found, Inventory

NS = 1_000_000_000


class Watcher:
    """An inventory of our own, with a descriptor to wait on for each container."""

    def __init__(self, inventory: Inventory, clock: Clock) -> None:
        self._inventory, self._clock = inventory, clock
        self._poll = select.poll()
        self._pidfds: dict[int, Found] = {}
        self._of: dict[Found, int] = {}
        self._died: dict[str, float] = {}
        if inventory.fileno() >= 0:
            self._poll.register(inventory.fileno(), select.POLLIN)
        self.refresh()

    def running(self) -> Mapping[str, Found]:
        """The running containers by name."""
        return {found.name.text: found for found in self._inventory.running.values()}

    def stopped(self) -> frozenset[str]:
        """The containers that have a configuration which we may see, and do not run."""
        return self._inventory.stopped

    def wait(self, timeout_s: float, *, deaths_only: bool = False) -> bool:
        """Sleep until something may have changed; False when only time passed.

        With `deaths_only` a start does not wake: on a busy host that saves most looks around.
        """
        tree = self._inventory.fileno()
        if deaths_only and tree >= 0:
            self._poll.modify(tree, 0)
        events = self._poll.poll(timeout_s * 1000)
        if deaths_only and tree >= 0:
            self._poll.modify(tree, select.POLLIN)
        for fd, _ in events:
            found = self._pidfds.get(fd)
            if found is not None:
                self._died[found.name.text] = self._clock.now().mono_ns / NS
                self._forget(found)
                self._inventory.lost(found)
        return bool(events)

    def died_within(self, seconds: float) -> frozenset[str]:
        """The names of the containers that died less than that ago, also if they run again."""
        since = self._clock.now().mono_ns / NS - seconds
        self._died = {name: at for name, at in self._died.items() if at > since}
        return frozenset(self._died)

    def refresh(self) -> None:
        """Look again, and wait for those that are new."""
        self._inventory.refresh(self._clock.now().mono_ns / NS)
        running = set(self._inventory.running.values())
        for found in set(self._of) - running:
            self._forget(found)
        for found in running - self._of.keys():
            self._follow(found)

    def close(self) -> None:
        """Give every descriptor back."""
        for found in list(self._of):
            self._forget(found)
        self._inventory.close()

    def _follow(self, found: Found) -> None:
        try:
            pidfd = os.pidfd_open(found.init_pid)
        except OSError as error:
            # EINVAL: it is being taken apart at this very moment (seen on Linux 6.1).
            if error.errno not in (errno.ESRCH, errno.EINVAL):
                raise
            self._inventory.lost(found)
            return
        self._pidfds[pidfd] = found
        self._of[found] = pidfd
        self._poll.register(pidfd, select.POLLIN)

    def _forget(self, found: Found) -> None:
        pidfd = self._of.pop(found)
        del self._pidfds[pidfd]
        self._poll.unregister(pidfd)
        os.close(pidfd)
