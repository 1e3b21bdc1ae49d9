"""save: suspend freezes the container where it is; stop and cold migration shut it down.

OpenNebula means all three by this one action; its LCM_STATE tells them apart. A container's
memory cannot be taken to a file or to another node: what is stopped or migrated boots again.
"""

from vmm import suspension
from vmm.actions import shutdown
from vmm.errors import DriverError
from vmm.site import Site
from vmm.spec import Message

SAVE_STOP, SAVE_SUSPEND, SAVE_MIGRATE = 5, 6, 7
"""OpenNebula's LcmState at the time of the call."""


def run(site: Site, message: Message) -> str:
    """Nothing to say. The checkpoint file is never written: there is nothing to be in it."""
    state = message.vm.lcm_state
    if state == SAVE_SUSPEND:
        suspension.suspend(site.container(message.vm.name))
        return ""
    if state in (SAVE_STOP, SAVE_MIGRATE):
        site.report.info(f"{message.vm.name} shuts down: it boots again when it is resumed")
        return shutdown.run(site, message)
    raise DriverError(
        f"save of {message.vm.name} in LCM_STATE {state}: neither a suspend ({SAVE_SUSPEND}), "
        f"a stop ({SAVE_STOP}) nor a migration ({SAVE_MIGRATE}); nothing was changed"
    )
