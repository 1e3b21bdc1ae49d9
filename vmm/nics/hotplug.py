"""Which NIC an attach or detach is about: the one that the message marks with ATTACH."""

from vmm.errors import DriverError
from vmm.spec import Message, Nic

MAC = 1
"""The argument that names the NIC, in attach_nic and detach_nic alike."""


def nic(message: Message) -> Nic | None:
    """The marked NIC; None when it is an alias, which is an address and no device."""
    vm = message.vm
    mac = message.arguments[MAC].lower() if message.arguments else ""
    if mac in vm.aliases:
        return None
    found = [nic for nic in vm.nics if (nic.mac == mac if mac else nic.attach)]
    if len(found) != 1:
        named = f"with the address {mac}" if mac else "marked with ATTACH"
        raise DriverError(
            f"{vm.name}: the message has {len(found) or 'no'} NIC {named}; nothing was changed"
        )
    return found[0]
