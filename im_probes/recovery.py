"""Whether containers are being brought back after a boot: their states are then nobody's business.

Told in between, a VM that is about to run again would be POWEROFF in OpenNebula. Whatever brings
containers back makes the file before monitoring can start (as tmpfiles.d does at every boot) and
removes it when it is done. A file that stays, because it died, counts for a while only.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

FLAG = "run/nebulxc/recovering"
AT_MOST_S = 900.0
"""Since boot."""


def is_recovering(root: Path | str, uptime_s: float | None = None) -> bool:
    """Whether the file is there and the machine has not run for long; `uptime_s` None: ask."""
    if not os.path.exists(f"{root}/{FLAG}"):
        return False
    uptime = time.clock_gettime(time.CLOCK_BOOTTIME) if uptime_s is None else uptime_s
    return uptime < AT_MOST_S
