"""A front-end: what OpenNebula's own machine gets. Nothing of ours runs there."""

from collections.abc import Collection, Iterator
from pathlib import Path

import im_probes
import vmm
from control.install.registered import Registered
from control.install.registration import IM_MAD, VM_MAD
from control.install.step import Step
from control.install.tree import Tree
from control.problem import Problem

REMOTES = Path("/var/lib/one/remotes")

NEXT = """\
Next, as oneadmin:
    systemctl restart opennebula          (as root; only after oned.conf or monitord.conf changed)
    onehost sync --force                  every host gets the scripts
    onehost update HOST                   IM_MAD = "nebulxc": this host is monitored by Nebulxc
    onehost forceupdate HOST              (or, once for all, the hook that docs/opennebula.md names)
Hosts without 'nebulxc install node' go on with the stock driver."""


MONITORING, DRIVER = "monitoring", "driver"
PARTS = (MONITORING, DRIVER)


def steps(
    remotes: Path, etc: Path, parts: Collection[str] = PARTS, *, registering: bool
) -> tuple[Step, ...]:
    """The scripts below `remotes`; with `registering` also OpenNebula's configuration in `etc`."""
    if not remotes.is_dir():
        raise Problem(
            f"there is no {remotes}: is this OpenNebula's front-end? --remotes names another place"
        )
    return tuple(
        step
        for part, step in (*_trees(remotes), *(_registered(etc) if registering else ()))
        if part in parts
    )


def blocks(etc: Path, parts: Collection[str] = PARTS) -> str:
    """What `--apply` would put into OpenNebula's configuration, for an administrator to copy."""
    texts = {
        DRIVER: f"{etc}/oned.conf, in the place of the VM_MAD whose NAME is lxc:\n\n{VM_MAD}",
        MONITORING: f"{etc}/monitord.conf, beside the other IM_MAD:\n\n{IM_MAD}",
    }
    return "\n".join(texts[part] for part in parts)


def _trees(remotes: Path) -> Iterator[tuple[str, Step]]:
    probes = Path(im_probes.__file__).parent / "remotes"
    driver = Path(vmm.__file__).parent / "remotes"
    yield DRIVER, Tree(driver, remotes / "vmm/nebulxc", remotes)
    yield MONITORING, Tree(probes / "im", remotes / "im", remotes)
    yield MONITORING, Tree(probes / "etc", remotes / "etc", remotes, kept=True)


def _registered(etc: Path) -> Iterator[tuple[str, Step]]:
    yield DRIVER, Registered(etc / "oned.conf", VM_MAD)
    yield MONITORING, Registered(etc / "monitord.conf", IM_MAD)
