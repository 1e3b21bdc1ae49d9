"""NIC elements → `Nic`. Aliases (NIC_ALIAS) are further addresses of a NIC: the guest's matter."""

from vmm import values
from vmm.opennebula.element import Element
from vmm.spec import Nic


def parse(template: Element, vmid: int) -> tuple[Nic, ...]:
    """Every NIC of the template, in its order."""
    elements = template.children("NIC")
    nics = tuple(_nic(element, vmid) for element in elements)
    for position, (element, nic) in enumerate(zip(elements, nics, strict=True)):
        if nic.nic_id in {other.nic_id for other in nics[:position]}:
            raise element.refuse(f"{nic.nic_id} is the id of another NIC too", "NIC_ID")
        if nic.mac in {other.mac for other in nics[:position]}:
            raise element.refuse(f"{nic.mac} is the address of another NIC too", "MAC")
    return nics


def aliases(template: Element) -> tuple[str, ...]:
    """The MAC address of every alias."""
    found = template.children("NIC_ALIAS")
    return tuple(mac for alias in found if (mac := alias.optional("MAC", values.mac)))


def _nic(element: Element, vmid: int) -> Nic:
    nic_id = element.required("NIC_ID", values.identifier)
    return Nic(
        nic_id=nic_id,
        bridge=element.required("BRIDGE", values.interface),
        host_name=_host_name(element, f"one-{vmid}-{nic_id}"),
        guest_name=f"eth{nic_id}",
        mac=element.required("MAC", values.mac),
        mtu=element.optional("MTU", values.mtu),
        bridge_type=element.optional("BRIDGE_TYPE", values.word) or "linux",
        driver=element.optional("VN_MAD", values.word) or "",
        attach=bool(element.optional("ATTACH", values.yes)),
    )


def _host_name(element: Element, expected: str) -> str:
    """Security groups and filters are put on this name: another one would slip past them."""
    try:
        name = values.interface(expected)
    except ValueError as problem:
        raise element.refuse(str(problem), "NIC_ID") from problem
    if element.text("TARGET") not in {"", name}:
        raise element.refuse(
            f"{values.shown(element.text('TARGET'))} is not {name}, where OpenNebula's network "
            f"drivers look for this NIC",
            "TARGET",
            "remove TARGET from the template's NIC",
        )
    return name
