"""Whether containers are being brought back after a boot: their states are then nobody's business.

Told in between, a VM that is about to run again would be POWEROFF in OpenNebula. Where the node
brings containers back, nebulxc-boot.service makes the file before ssh lets monitoring in, and
nebulxc-recover.service removes it when all is done. One that stays counts for a while only.
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


def hold_back(root: Path | str) -> None:
    """Make the file: from now on no states are told."""
    os.makedirs(os.path.dirname(f"{root}/{FLAG}"), 0o755, exist_ok=True)
    os.close(os.open(f"{root}/{FLAG}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))


def tell_again(root: Path | str) -> None:
    """Remove it, if it is there."""
    import contextlib  # a probe does without

    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{root}/{FLAG}")


def is_recovering(root: Path | str, uptime_s: float | None = None) -> bool:
    """Whether the file is there and the machine has not run for long; `uptime_s` None: ask."""
    if not os.path.exists(f"{root}/{FLAG}"):
        return False
    uptime = time.clock_gettime(time.CLOCK_BOOTTIME) if uptime_s is None else uptime_s
    return uptime < AT_MOST_S
