"""Programs, files and directories that the driver needs on a node."""

import os
import shutil
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from control.doctor.finding import NODE, Finding
from control.doctor.sight import Sight
from vmm.errors import DriverError
from vmm.host import PATH
from vmm.lxc import liblxc

OLDEST_LXC = (4, 0)
NEEDED = {
    "lxc-start": "lxc",
    "losetup": "mount",
    "mkfs.ext4": "e2fsprogs",
    "ip": "iproute2",
}
"""Program → Debian's package."""
INSTALL = "nebulxc install node, from a checkout"


def check(sight: Sight) -> Iterator[Finding]:
    """Of this host."""
    for program, package in NEEDED.items():
        if shutil.which(program, path=PATH) is None:
            yield Finding(NODE, f"there is no {program}", PATH, f"apt-get install {package}")
    yield from _lxc(sight)
    if not os.access(sight.policy.hook, os.X_OK):
        what = "LXC's hooks cannot run: no container starts"
        yield Finding(NODE, what, sight.policy.hook, INSTALL)
    yield from _directories(sight)


def _lxc(sight: Sight) -> Iterator[Finding]:
    try:
        version = sight.host.run("lxc-start", "--version").strip()
        numbers = tuple(int(part) for part in version.split(".")[:2])
        if numbers < OLDEST_LXC:
            yield Finding(NODE, f"LXC {version} is too old", "lxc-start", "install LXC 5 or newer")
        liblxc.state("one-0", sight.policy.lxc)
    except (DriverError, ValueError) as error:
        remedy = getattr(error, "remedy", "") or "apt-get install lxc python3-lxc"
        problem = getattr(error, "problem", str(error))
        yield Finding(NODE, f"LXC does not answer: {problem}", "lxc", remedy)


def _directories(sight: Sight) -> Iterator[Finding]:
    """LXC starts no unprivileged container below a directory that its ids cannot pass."""
    place = Path(sight.policy.state)
    if not place.is_dir():
        yield Finding(NODE, "there is no directory for containers", str(place), INSTALL)
        return
    for directory in (place, *place.parents):
        mode = directory.stat().st_mode
        if not mode & stat.S_IXOTH:
            what = "containers' ids cannot pass it, so no unprivileged container starts"
            repair = partial(directory.chmod, stat.S_IMODE(mode) | 0o111)
            yield Finding(NODE, what, str(directory), f"chmod a+x {directory}", repair)
