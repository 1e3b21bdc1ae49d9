"""The VM element → `VmSpec`."""

from vmm import values
from vmm.lxc import raw
from vmm.opennebula import disks, nics
from vmm.opennebula.element import Element
from vmm.policy import NodePolicy
from vmm.spec import Graphics, Limits, RawLine, VmSpec


def parse(vm: Element, policy: NodePolicy) -> VmSpec:
    """The spec of a VM element. Pure: looks at no file."""
    template = vm.need("TEMPLATE")
    vmid = _vmid(vm, template)
    datastore = _current_history(vm).required("DS_ID", values.identifier)
    return VmSpec(
        vmid=vmid,
        limits=_limits(vm, template),
        datastore_id=datastore,
        disks=disks.parse(template, f"{policy.datastores}/{datastore}/{vmid}", policy),
        nics=nics.parse(template, vmid),
        aliases=nics.aliases(template),
        wants_unprivileged=_attribute(vm, "LXC_UNPRIVILEGED").upper() not in {"NO", "FALSE"},
        raw=_raw(template),
        profiles=_profiles(vm),
        graphics=_graphics(template),
        lcm_state=vm.optional("LCM_STATE", values.integer),
    )


def _vmid(vm: Element, template: Element) -> int:
    vmid = vm.required("ID", values.identifier)
    if template.optional("VMID", values.identifier) not in {vmid, None}:
        raise template.refuse(f"differs from {vm.xpath}/ID, which is {vmid}", "VMID")
    if vm.text("DEPLOY_ID") not in {"", f"one-{vmid}"}:
        raise vm.refuse(f"{values.shown(vm.text('DEPLOY_ID'))} is not one-{vmid}", "DEPLOY_ID")
    return vmid


def _current_history(vm: Element) -> Element:
    """The latest record: where the VM is now, or is going to be."""
    records = vm.need("HISTORY_RECORDS").children("HISTORY")
    if not records:
        raise vm.refuse("missing", "HISTORY_RECORDS/HISTORY")
    return max(records, key=lambda record: record.optional("SEQ", values.integer) or 0)


def _attribute(vm: Element, tag: str) -> str:
    """An attribute of the user's, wherever the template puts it; "" when absent."""
    user, template = vm.child("USER_TEMPLATE"), vm.need("TEMPLATE")
    texts = {text for part in (user, template) if part is not None and (text := part.text(tag))}
    if len(texts) > 1:
        raise vm.refuse(f"differs from {vm.xpath}/TEMPLATE/{tag}", f"USER_TEMPLATE/{tag}")
    return texts.pop() if texts else ""


def _limits(vm: Element, template: Element) -> Limits:
    return Limits(
        cpu=template.required("CPU", values.cores),
        memory_bytes=template.required("MEMORY", values.positive_size),
        vcpu=template.optional("VCPU", lambda text: values.integer(text, 1, 1 << 16)),
        swap_bytes=_swap(vm),
        cpus=_pinned(template, "CPUS"),
        mems=_pinned(template, "MEMORY_NODE_ID"),
    )


def _swap(vm: Element) -> int | None:
    text = _attribute(vm, "LXC_SWAP")
    try:
        return values.size(text) if text else None
    except ValueError as problem:
        raise vm.refuse(str(problem), "USER_TEMPLATE/LXC_SWAP") from problem


def _pinned(template: Element, tag: str) -> str:
    """What OpenNebula pinned the VM to, over all its NUMA nodes; "" without pinning."""
    nodes = template.children("NUMA_NODE")
    return ",".join(text for node in nodes if (text := node.optional(tag, values.cpuset)))


def _raw(template: Element) -> tuple[RawLine, ...]:
    """RAW sections of other hypervisors are none of our business."""
    sections = [s for s in template.children("RAW") if s.text("TYPE").lower() == "lxc"]
    return tuple(line for section in sections for line in raw.parse(section.text("DATA")))


def _profiles(vm: Element) -> tuple[str, ...]:
    names = [name.strip() for name in _attribute(vm, "LXC_PROFILES").split(",")]
    try:
        return tuple(dict.fromkeys(values.word(name) for name in names if name))
    except ValueError as problem:
        raise vm.refuse(str(problem), "USER_TEMPLATE/LXC_PROFILES") from problem


def _graphics(template: Element) -> Graphics | None:
    element = template.child("GRAPHICS")
    if element is None or not element.text("TYPE"):
        return None
    return Graphics(
        type=element.required("TYPE", values.word).lower(),
        port=element.optional("PORT", values.port),
        listen=element.optional("LISTEN", values.host) or "127.0.0.1",
        password=element.text("PASSWD"),
    )
