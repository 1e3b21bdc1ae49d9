"""attach_nic: give the running container one more NIC, now and at every start from now on."""

from vmm import kept
from vmm.lxc import monitor
from vmm.nics import hot_nics, hotplug, network
from vmm.site import Site
from vmm.spec import Message
from vmm.undo import Undo


def run(site: Site, message: Message) -> str:
    """Nothing to say. Repeated, it changes nothing."""
    nic = hotplug.nic(message)
    if nic is None:
        return ""
    container = site.container(message.vm.name)
    state, planned = container.state, kept.planned_nic(nic)
    network.require_bridge(nic.bridge, nic.bridge_type)
    with Undo() as undo:
        undo.add("detach it", lambda: hot_nics.detach(state, planned))
        hot_nics.attach(state, planned, container.init, lambda: monitor.ended(state, 0))
        kept.keep_nic(state, nic, site.policy)
        undo.commit()
    return ""
