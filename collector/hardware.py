"""Which disks and NICs are hardware, so that summing them counts nothing twice.

What is made of something else (loop, device mapper, md; bridge, VLAN, bond, veth) has no `device`
link in sysfs: it shows traffic that a disk or NIC below has shown already. Names tell nothing:
`eth0.100` looks like `eth0`, and anything may be renamed.
"""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from collector.sysfs import text

RECHECK_S = 10.0
_NOT_LOCAL = re.compile(r"rbd\d+|nbd\d+|sr\d+|fd\d+")


def disks(root: Path) -> tuple[str, ...]:
    """Whole local disks by their names in /sys/block: no optical drives, no network disks."""
    return tuple(
        name
        for name in _with_device(root / "sys/block")
        if not _NOT_LOCAL.fullmatch(name) and text(root / f"sys/block/{name}/hidden") != "1"
    )


def nics(root: Path) -> tuple[str, ...]:
    """Physical (or the hypervisor's) network interfaces; a bond's traffic is its members'."""
    return _with_device(root / "sys/class/net")


def _with_device(directory: Path) -> tuple[str, ...]:
    try:
        # In text: a Path for each of a hundred veths took most of the time.
        where = str(directory)
        names = sorted(os.listdir(where))
    except OSError:
        return ()
    return tuple(name for name in names if os.path.exists(f"{where}/{name}/device"))


class Recheck:
    """Says when it is time to look again for what was plugged or unplugged: every `period_s`."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, period_s: float = RECHECK_S
    ) -> None:
        self._clock, self._period_s = clock, period_s
        self._last: float | None = None

    def due(self) -> bool:
        """Whether to look; true the first time."""
        now = self._clock()
        if self._last is not None and now - self._last < self._period_s:
            return False
        self._last = now
        return True
