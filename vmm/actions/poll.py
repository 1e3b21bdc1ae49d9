"""poll: how the container is. OpenNebula 7 takes this from its probes and never asks."""

from vmm.site import Site
from vmm.spec import Message

ACTIVE, PAUSED, GONE = "a", "p", "d"


def run(site: Site, message: Message) -> str:
    """STATE=a, p (frozen) or d (not running), as poll scripts have always answered."""
    container = site.container(message.vm.name)
    if container.init() is None:
        return f"STATE={GONE}"
    return f"STATE={PAUSED if container.cgroups.frozen() else ACTIVE}"
