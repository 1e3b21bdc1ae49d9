"""OpenNebula's way in: its user's group and sudo entry, and what stands beside the stock driver."""

from collections.abc import Iterator
from pathlib import Path

import control
from control.accounts import user_exists
from control.doctor.finding import NODE, Finding
from control.doctor.sight import Sight
from control.install import node, opennebula
from control.install.containers import RETIRED

SCRIPTS = Path("/var/tmp/one/vmm/nebulxc")  # noqa: S108 - OpenNebula's place


def check(sight: Sight) -> Iterator[Finding]:
    """Nothing where this host has no user of OpenNebula's."""
    if not user_exists(opennebula.USER):
        what = f"there is no user {opennebula.USER}: OpenNebula cannot reach this host"
        remedy = "apt-get install opennebula-node-lxc, then nebulxc install node"
        yield Finding(NODE, what, "/etc/passwd", remedy, note=True)
        return
    text = (Path(control.__file__).parent / "nebulxc.sudoers").read_text(encoding="utf-8")
    for step, where, what in (
        (
            opennebula.Member(opennebula.USER, node.GROUP, sight.host),
            "/etc/group",
            "the probes cannot read the store",
        ),
        (
            opennebula.Sudoers(node.SUDOERS, text, sight.host),
            str(node.SUDOERS),
            "OpenNebula cannot carry out actions",
        ),
    ):
        if step.missing():
            yield Finding(NODE, what, where, step.missing(), step.apply)
    if not SCRIPTS.is_dir():
        what = "OpenNebula's front-end has not sent the driver's scripts"
        remedy = "there: nebulxc install frontend, then onehost sync --force"
        yield Finding(NODE, what, str(SCRIPTS), remedy, note=True)
    if RETIRED.exists():
        what = "retired: the stock driver deploys on this host"
        yield Finding(NODE, what, str(RETIRED), f"rm {RETIRED} takes it up again", note=True)
