"""A node: what is installed on a hypervisor, in order."""

import os
from collections.abc import Callable
from pathlib import Path

import control
from control.install import opennebula, subids
from control.install.containers import Containers
from control.install.environment import Environment
from control.install.packages import Packages
from control.install.paths import Directory, Link, Runtime, TextFile
from control.install.services import Services
from control.install.step import Step
from control.install.user import SystemUser
from control.settings import driver_policy
from vmm.host import Host
from vmm.policy import NodePolicy

GROUP = "nebulxc"
OPT = Path("/opt/nebulxc")
UNITS = ("nebulxc-agent.service", "nebulxc-page.service", "nebulxc-console.service")
BOOT_UNITS = ("nebulxc-boot.service", "nebulxc-recover.service")
"""They do their part once in each boot, and end."""
PACKAGES = ("lxc", "python3-lxc", "sudo", "uidmap")
SUDOERS = Path("/etc/sudoers.d/nebulxc")
_ETC = Path("/etc/nebulxc")
_HERE = Path(__file__).parent


def steps(host: Host, changed: Callable[[], bool], wheels: Path | None = None) -> tuple[Step, ...]:
    """Everything a node gets. `changed` tells whether an earlier step did something.

    `wheels` is where Python packages are taken from when no network is to be used.
    """
    package, policy = Path(control.__file__).parent, _policy()
    example = (package / "nebulxc.example.toml").read_text(encoding="utf-8")
    return (
        Packages(PACKAGES, host),
        SystemUser(GROUP, host),
        Environment(OPT, package.parent, host, wheels=wheels),
        Directory(_ETC, 0o755),
        TextFile(_ETC / "nebulxc.toml.example", example),
        TextFile(_ETC / "nebulxc.toml", example, 0o640, GROUP, kept=True),
        # Its group, the page's, is that of the journal which the driver keeps here.
        Directory(Path("/var/lib/nebulxc"), 0o755, GROUP),
        Directory(Path("/var/lib/nebulxc/store"), 0o2750, GROUP, data=True),
        Directory(Path(policy.state), 0o711),  # containers' ids must pass it
        Directory(Path(policy.log), 0o750, data=True),
        *(subids.Subids(path, policy) for path in subids.FILES),
        opennebula.Member(opennebula.USER, GROUP, host),
        opennebula.Sudoers(SUDOERS, (package / "nebulxc.sudoers").read_text("utf-8"), host),
        Runtime(Path("/run/nebulxc")),
        Link(Path("/usr/local/bin/nebulxc"), OPT / "bin/nebulxc"),
        *(_unit(name) for name in (*UNITS, *BOOT_UNITS)),
        Services(UNITS, host, changed),
        Services(BOOT_UNITS, host, changed),
        Containers(policy, host),
    )


def _policy() -> NodePolicy:
    """The node's own, where it has one that may be read."""
    path = driver_policy.CONFIG_PATH
    if not os.access(path, os.R_OK):
        return NodePolicy()
    return driver_policy.load(path, keep=False)  # looking changes nothing, in /run neither


def _unit(name: str) -> TextFile:
    return TextFile(Path("/etc/systemd/system") / name, (_HERE / name).read_text(encoding="utf-8"))
