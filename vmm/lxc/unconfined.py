"""Hooks leave the AppArmor profile that LXC's monitor runs under.

Debian's profile /usr/bin/lxc-start permits mounts below /var/lib/lxc and in LXC's own place alone.
Linux 6.1 does not ask it about move_mount(2), which puts a disk where it belongs; 6.12 does. The
same profile permits the change to unconfined: LXC needs it for containers without a profile.
Imported by hooks: keep it lean.
"""

import os

from vmm.errors import DriverError
from vmm.lean.ignoring import Ignoring

CURRENT = "/proc/self/attr/apparmor/current"


def become(current: str = CURRENT) -> None:
    """Ask AppArmor to confine this process no longer; DriverError where its profile refuses."""
    profile = _profile(current)
    if profile in {"", "unconfined"}:
        return
    try:
        file = os.open(current, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(file, b"changeprofile unconfined")
        finally:
            os.close(file)
    except OSError as error:
        raise DriverError(
            f"a hook cannot leave the AppArmor profile {profile}: {error.strerror}",
            "add to that profile, as Debian's has it: change_profile -> unconfined,",
        ) from error


def _profile(current: str) -> str:
    """What confines this process; "" without AppArmor."""
    with Ignoring(OSError):
        file = os.open(current, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(file, 4096).decode(errors="replace").rsplit(" (", 1)[0].strip()
        finally:
            os.close(file)
    return ""
