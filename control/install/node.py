"""A node: what is installed on a hypervisor, in order."""

from collections.abc import Callable
from pathlib import Path

import control
from control.install.environment import Environment
from control.install.paths import Directory, Link, TextFile
from control.install.services import Services
from control.install.step import Step
from control.install.user import SystemUser
from vmm.host import Host

GROUP = "nebulxc"
OPT = Path("/opt/nebulxc")
UNITS = ("nebulxc-agent.service", "nebulxc-page.service")
_ETC = Path("/etc/nebulxc")
_HERE = Path(__file__).parent


def steps(host: Host, changed: Callable[[], bool], wheels: Path | None = None) -> tuple[Step, ...]:
    """Everything a node gets. `changed` tells whether an earlier step did something.

    `wheels` is where Python packages are taken from when no network is to be used.
    """
    package = Path(control.__file__).parent
    example = (package / "nebulxc.example.toml").read_text(encoding="utf-8")
    return (
        SystemUser(GROUP, host),
        Environment(OPT, package.parent, host, wheels=wheels),
        Directory(_ETC, 0o755),
        TextFile(_ETC / "nebulxc.toml.example", example),
        TextFile(_ETC / "nebulxc.toml", example, 0o640, GROUP, kept=True),
        # Its group, the page's, is that of the journal which the driver keeps here.
        Directory(Path("/var/lib/nebulxc"), 0o755, GROUP),
        Directory(Path("/var/lib/nebulxc/store"), 0o2750, GROUP, data=True),
        Link(Path("/usr/local/bin/nebulxc"), OPT / "bin/nebulxc"),
        *(_unit(name) for name in UNITS),
        Services(UNITS, host, changed),
    )


def _unit(name: str) -> TextFile:
    return TextFile(Path("/etc/systemd/system") / name, (_HERE / name).read_text(encoding="utf-8"))
