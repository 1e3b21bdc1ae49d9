"""Which containers run right now, and waking up as soon as one starts, dies or loses its monitor.

Needs no privilege: inotify on the cgroup tree tells of starts and orderly ends, a pidfd per init
of every death, also where a killed monitor leaves its cgroups behind, and one per monitor of that.
"""

import logging
import os
import select
from collections.abc import Mapping
from pathlib import Path

from collector.clock import Clock
from collector.files import read_new
from collector.group import Gone
from collector.inventory import Found, Inventory
from collector.limits import descriptors
from collector.pidfd import opened
from collector.plain import text
from collector.procfs import stat

log = logging.getLogger(__name__)

NS = 1_000_000_000
_ADOPTER = 1
SPARE = 64
"""Descriptors that are left for all else: without one nothing can be sent."""


class HiddenError(Exception):
    """Who runs cannot be told: without this, every VM would be POWEROFF."""

    def __init__(self) -> None:
        super().__init__(
            "other users' processes are hidden from this one (/proc is mounted with hidepid):"
            " mount it with gid= of a group that this user is in, too"
        )


class Watcher:
    """An inventory of our own, with descriptors to wait on for each container."""

    def __init__(self, inventory: Inventory, clock: Clock, root: Path = Path("/")) -> None:
        self._inventory, self._clock, self._root = inventory, clock, root
        self._poll = select.poll()
        self._followed: dict[int, Found] = {}
        """By pidfd, of inits and monitors."""
        self._of: dict[Found, list[int]] = {}
        """The pidfds of each, its init's first."""
        self._died: dict[str, float] = {}
        self._room = descriptors() - SPARE
        self._was_full = self._is_blind = False
        self._tree = inventory.fileno()
        if self._tree >= 0:
            self._poll.register(self._tree, select.POLLIN)
        self.refresh()

    def running(self) -> Mapping[str, Found]:
        """The running containers by name; HiddenError where that cannot be seen."""
        if self._is_blind:
            raise HiddenError
        return {found.name.text: found for found in self._inventory.running.values()}

    def stopped(self) -> frozenset[str]:
        """The containers that have a configuration which we may see, and do not run."""
        return self._inventory.stopped

    def wait(self, timeout_s: float, *, deaths_only: bool = False) -> bool:
        """Sleep until something may have changed; False when only time passed.

        With `deaths_only` a start does not wake: on a busy host that saves most looks around.
        """
        if deaths_only and self._tree >= 0:
            self._poll.modify(self._tree, 0)
        events = self._poll.poll(timeout_s * 1000)
        if deaths_only and self._tree >= 0:
            self._poll.modify(self._tree, select.POLLIN)
        for pidfd, _ in events:
            found = self._followed.get(pidfd)
            if found is not None:
                self._ended(found, pidfd)
        return bool(events)

    def died_within(self, seconds: float) -> frozenset[str]:
        """The names of the containers of which init or monitor died less than that ago, also if
        they run again.
        """
        since = self._clock.now().mono_ns / NS - seconds
        self._died = {name: at for name, at in self._died.items() if at > since}
        return frozenset(self._died)

    def refresh(self) -> None:
        """Look again, and wait for those that are new."""
        self._is_blind = text(f"{self._root}/proc/{_ADOPTER}/stat") is None
        self._inventory.refresh(self._clock.now().mono_ns / NS)
        if self._tree != self._inventory.fileno():
            # It found no room for a watch. A closed descriptor would wake without end.
            self._poll.unregister(self._tree)
            self._tree = -1
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

    def _ended(self, found: Found, pidfd: int) -> None:
        """A monitor's end is no container's: its init may live on."""
        self._died[found.name.text] = self._clock.now().mono_ns / NS
        if pidfd == self._of[found][0]:
            self._forget(found)
            self._inventory.lost(found)
        else:
            self._of[found].remove(pidfd)
            self._give_back(pidfd)

    def _follow(self, found: Found) -> None:
        """Wait for its init and its monitor; where there is no room, turns will find out."""
        pidfd = opened(found.init_pid)
        if pidfd is None:
            self._inventory.lost(found)
            return
        if pidfd >= self._room:  # the lowest number that was free, whoever took the others
            os.close(pidfd)
            self._complain()
            return
        self._of[found] = []
        self._wait_for(found, pidfd)
        parent = self._parent(found)
        monitor = opened(parent) if parent > _ADOPTER else None
        if monitor is not None:
            self._wait_for(found, monitor)

    def _complain(self) -> None:
        if not self._was_full:
            self._was_full = True
            log.warning("too few open files are allowed: deaths are told when states are due")

    def _wait_for(self, found: Found, pidfd: int) -> None:
        self._of[found].append(pidfd)
        self._followed[pidfd] = found
        self._poll.register(pidfd, select.POLLIN)

    def _parent(self, found: Found) -> int:
        """The container's monitor, or who has adopted it."""
        try:
            return stat(read_new(f"{self._root}/proc/{found.init_pid}/stat")).ppid
        except (OSError, Gone):
            return _ADOPTER

    def _forget(self, found: Found) -> None:
        for pidfd in self._of.pop(found):
            self._give_back(pidfd)

    def _give_back(self, pidfd: int) -> None:
        del self._followed[pidfd]
        self._poll.unregister(pidfd)
        os.close(pidfd)
