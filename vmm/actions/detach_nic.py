"""detach_nic: take a NIC from the container, now and at every start from now on."""

from vmm import kept
from vmm.nics import hot_nics, hotplug
from vmm.site import Site
from vmm.spec import Message


def run(site: Site, message: Message) -> str:
    """Nothing to say. One that is gone already is no error."""
    nic = hotplug.nic(message)
    state = site.container(message.vm.name).state
    if nic is not None and state.exists:
        hot_nics.detach(state, kept.planned_nic(nic))
        kept.forget_nic(state, nic, site.policy)
    return ""
