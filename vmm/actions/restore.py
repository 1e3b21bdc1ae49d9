"""restore: let a suspended container go on; boot what was stopped or migrated."""

from vmm import suspension
from vmm.actions import deploy
from vmm.site import Site
from vmm.spec import Message

BOOT_SUSPENDED = 21
"""OpenNebula's LcmState when it resumes a suspended VM; any other one boots it."""


def run(site: Site, message: Message) -> str:
    """Nothing to say."""
    container = site.container(message.vm.name)
    if message.vm.lcm_state == BOOT_SUSPENDED:
        if container.cgroups.frozen() and suspension.can_go_on(container):
            container.thaw()
            container.settle(lambda: True)
            return ""
        if container.init() is None:
            site.report.info(f"{container.name} is not suspended on this node any more: it boots")
    deploy.run(site, message)  # ends a frozen one that is not this VM's any more
    return ""
