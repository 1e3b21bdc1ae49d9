"""Run in the guest as root: its checkout as a node, without the minutes that an installation takes.

`nebulxc install node` is tested by itself. Here /opt/nebulxc is the test's environment with the
entries of ours, and the units are those that an installation copies.
"""

import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "tests")]

from support.installation import Images  # noqa: E402 -- the path comes first

from control import entries  # noqa: E402
from control.install import node, subids  # noqa: E402
from vmm.policy import NodePolicy  # noqa: E402

HOME, OPT = Path("/opt/nebulxc-test"), Path("/opt/nebulxc")
SYSTEM = Path("/etc/systemd/system")
IMAGES = Path("/var/lib/one/images")
STATE = ("/var/lib/nebulxc", "/var/log/nebulxc", "/var/lib/one")


def main() -> None:
    """Make it, or with "remove" take it away."""
    if sys.argv[1:] == ["remove"]:
        _remove()
        return
    for directory in STATE:  # a removed installation leaves its logs and its store
        shutil.rmtree(directory, ignore_errors=True)
    OPT.symlink_to(HOME)
    _pth().write_text(f"{CHECKOUT}\n")
    entries.write(HOME / "bin", OPT / "bin")
    for path in subids.FILES:
        subids.Subids(path, NodePolicy()).apply()
    for directory, mode in (("/var/lib/nebulxc/ct", 0o711), ("/var/log/nebulxc", 0o750)):
        Path(directory).mkdir(parents=True)
        Path(directory).chmod(mode)
    IMAGES.mkdir(parents=True)
    Images(IMAGES).busybox()
    Images(IMAGES).empty()
    for unit in node.BOOT_UNITS:
        shutil.copy(CHECKOUT / "control/install" / unit, SYSTEM)
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", *node.BOOT_UNITS)


def _remove() -> None:
    _systemctl("disable", "--now", *node.BOOT_UNITS)
    for unit in node.BOOT_UNITS:
        (SYSTEM / unit).unlink()
    _systemctl("daemon-reload")
    for path in subids.FILES:
        subids.Subids(path, NodePolicy()).remove()
    for name in entries.ENTRIES:
        (HOME / "bin" / name).unlink()
    _pth().unlink()
    OPT.unlink()
    for directory in ("/etc/nebulxc", *STATE):
        shutil.rmtree(directory)


def _pth() -> Path:
    (packages,) = HOME.glob("lib/python3*/site-packages")
    return packages / "nebulxc-checkout.pth"


def _systemctl(*words: str) -> None:
    subprocess.run(["systemctl", *words], check=True)


main()
