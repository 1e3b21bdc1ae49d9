"""Whether containers come back after a boot as the configuration says, and which did not."""

import os
from collections.abc import Iterator
from functools import partial

from control.doctor.finding import NODE, Finding
from control.doctor.sight import Sight
from control.install import node, services
from control.recovery import recover
from control.recovery.recover_look import look
from vmm import boot
from vmm.errors import CommandError
from vmm.policy import AfterBoot


def check(sight: Sight) -> Iterator[Finding]:
    """Of this boot."""
    yield from _units(sight)
    yield from _left(sight)


def _units(sight: Sight) -> Iterator[Finding]:
    if sight.policy.after_boot is AfterBoot.LEAVE or not services.RUNS.is_dir():
        return
    for unit in node.BOOT_UNITS:
        try:
            sight.host.run("systemctl", "--quiet", "is-enabled", unit)
        except CommandError:
            what = "it is not enabled: no container comes back after a boot"
            enable = partial(sight.host.run, "systemctl", "enable", unit)
            yield Finding(NODE, what, unit, f"systemctl enable {unit}", enable)


def _left(sight: Sight) -> Iterator[Finding]:
    """What ran until the host went down and does not run since."""
    policy = sight.policy
    if not os.path.isdir(policy.state):
        return
    known = {life.name for life in sight.lives}  # an action may be at the others now
    for name in recover.wanted(look(policy, sight.host).records, boot.current(policy.state)):
        if name in known:
            yield Finding(
                name,
                "it ran until this host went down, and was not brought back",
                f"{policy.state}/{name}",
                f"onevm resume {name.removeprefix('one-')}",
                note=policy.after_boot is AfterBoot.LEAVE,
            )
