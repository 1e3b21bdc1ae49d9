"""DISK elements and the context → `Disk`. Paths are computed from ids, never taken from the XML."""

import re

from vmm import values
from vmm.opennebula.element import Element
from vmm.policy import NodePolicy
from vmm.spec import Disk, DiskKind, DiskType

_KINDS = {"fs": DiskKind.VOLATILE, "swap": DiskKind.SWAP}
_TYPES = {
    "file": DiskType.FILE,
    "cdrom": DiskType.FILE,
    "fs": DiskType.FILE,
    "swap": DiskType.FILE,
    "block": DiskType.BLOCK,
    "rbd": DiskType.RBD,
    "rbd_cdrom": DiskType.RBD,
}
_FORMATS = ("raw", "qcow2")


def parse(template: Element, directory: str, policy: NodePolicy) -> tuple[Disk, ...]:
    """Every disk in the template's order, the context last. `directory` is the VM's own."""
    elements = template.children("DISK")
    ids = [element.required("DISK_ID", values.identifier) for element in elements]
    root = _root_id(template, elements)
    disks = [
        _disk(element, disk_id, f"{directory}/disk.{disk_id}", disk_id == root, policy)
        for element, disk_id in zip(elements, ids, strict=True)
    ]
    context = template.child("CONTEXT")
    if context is not None and context.text("DISK_ID"):
        elements.append(context)
        disks.append(_context(context, directory, policy))
    _refuse_twins(elements, disks)
    return tuple(disks)


def _root_id(template: Element, elements: list[Element]) -> int | None:
    """The first disk of OS/BOOT, else the first disk that is not swap."""
    system = template.child("OS")
    words = system.text("BOOT").split(",") if system is not None else []
    booted = [m[1] for w in words if (m := re.fullmatch(r"disk([0-9]{1,9})", w.strip()))]
    found = {e.text("DISK_ID"): e for e in elements if e.text("TYPE").lower() != "swap"}
    if not booted:
        return int(next(iter(found))) if found else None
    if system is not None and booted[0] not in found:
        raise system.refuse(f"disk{booted[0]} is not a disk that can hold a root", "BOOT")
    return int(booted[0])


def _disk(element: Element, disk_id: int, source: str, root: bool, policy: NodePolicy) -> Disk:
    kind = _KINDS.get(element.text("TYPE").lower(), DiskKind.IMAGE)
    return Disk(
        disk_id=disk_id,
        kind=kind,
        source=source,
        mount_point="/" if root else _mount_point(element, kind, disk_id, policy),
        type=_type(element),
        format=_format(element),
        filesystem=(element.optional("FS", values.word) or "").lower(),
        readonly=_readonly(element),
        size_bytes=element.optional("SIZE", values.size),
        datastore_id=element.optional("DATASTORE_ID", values.identifier),
        image=element.optional("SOURCE", _image) or "",
    )


def _context(element: Element, directory: str, policy: NodePolicy) -> Disk:
    disk_id = element.required("DISK_ID", values.identifier)
    source = f"{directory}/disk.{disk_id}"
    point = policy.context_mount_point
    return Disk(disk_id, DiskKind.CONTEXT, source, point, readonly=True)


def _mount_point(element: Element, kind: DiskKind, disk_id: int, policy: NodePolicy) -> str:
    """An absolute TARGET is the mount point; a device name (sdb) leaves it to the node."""
    if kind is DiskKind.SWAP:
        return ""
    if element.text("TARGET").startswith("/"):
        return element.required("TARGET", values.mount_point)
    return policy.mount_point.replace("{id}", str(disk_id))


def _type(element: Element) -> DiskType:
    tag = "DISK_TYPE" if element.text("DISK_TYPE") else "TYPE"
    try:
        return _TYPES[element.text(tag).lower() or "file"]
    except KeyError:
        problem = f"{values.shown(element.text(tag))} disks are not supported"
        raise element.refuse(problem, tag) from None


def _format(element: Element) -> str:
    text = element.text("FORMAT").lower() or "raw"
    if text not in _FORMATS:
        problem = f"{values.shown(text)} is neither of {', '.join(_FORMATS)}"
        raise element.refuse(problem, "FORMAT")
    return text


def _readonly(element: Element) -> bool:
    cdrom = element.text("TYPE").lower() in {"cdrom", "rbd_cdrom"}
    return cdrom or bool(element.optional("READONLY", values.yes))


def _image(text: str) -> str:
    """SOURCE: a path on the front-end or POOL/IMAGE. Kept for RBD; never opened as a path."""
    if not re.fullmatch(r"[A-Za-z0-9_@%+=:,./-]{1,1024}", text):
        raise ValueError(f"{values.shown(text)} is not a plain path or image name")
    return text


def _refuse_twins(elements: list[Element], disks: list[Disk]) -> None:
    for position, (element, disk) in enumerate(zip(elements, disks, strict=True)):
        before = disks[:position]
        if disk.disk_id in {other.disk_id for other in before}:
            raise element.refuse(f"{disk.disk_id} is the id of another disk too", "DISK_ID")
        points = {other.mount_point for other in before}
        if disk.mount_point and disk.mount_point in points:
            raise element.refuse(f"{disk.mount_point} is the mount point of another disk too")
