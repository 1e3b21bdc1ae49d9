"""A container's definition: from the VM that OpenNebula asks for to the files of its state."""

import os

from vmm import idrange, kept, lock, logs
from vmm.container import Container
from vmm.errors import DriverError
from vmm.idrange import IdRange
from vmm.lxc import composed, stub
from vmm.lxc.lxc_config import Place
from vmm.plan import CONTEXT, Plan, PlannedDisk
from vmm.policy import NodePolicy
from vmm.site import Site
from vmm.spec import Disk, DiskKind, DiskType, VmSpec
from vmm.state import CONFIG, DISKS, PLAN, State
from vmm.undo import Undo

LOCK_SECONDS = 30.0
SUBID_FILES = ("/etc/subuid", "/etc/subgid")
NEWUIDMAP = "/usr/bin/newuidmap"


def define(site: Site, container: Container, vm: VmSpec, undo: Undo, *, unprivileged: bool) -> None:
    """Write everything that starts of this container need; `undo` takes it away again."""
    state, policy = container.state, site.policy
    undo.add("remove the definition", container.undefine)
    state.create()
    ids = _reserve(vm, state, policy) if unprivileged else None
    if ids is None:
        state.write(PLAN, plan(vm, None).as_json())
    place = Place(rootfs=state.rootfs, log=logs.prepare(vm.name, policy), ids=ids)
    text = composed.config(vm, place, site.node(), policy, site.report)
    kept.keep(state, vm, ids.start if ids else 0, policy)
    state.write_text(CONFIG, text)
    state.write(DISKS, [])
    stub.write(container.stub, state.path(CONFIG))


def plan(vm: VmSpec, ids: IdRange | None) -> Plan:
    """What the hooks attach, mount and make."""
    start = ids.start if ids else 0
    disks = tuple(_planned(disk) for disk in vm.disks if disk.kind is not DiskKind.SWAP)
    return Plan(vm.name, start, start, disks, tuple(kept.planned_nic(nic) for nic in vm.nics))


def _planned(disk: Disk) -> PlannedDisk:
    mapper = CONTEXT if disk.kind is DiskKind.CONTEXT else mapper_of(disk)
    return PlannedDisk(disk.disk_id, mapper, disk.source, disk.mount_point, disk.readonly)


def mapper_of(disk: Disk) -> str:
    """The key of `vmm.storage.MAPPERS`; DriverError for storage that has none."""
    if disk.type is DiskType.FILE and disk.format == "raw":
        return "raw"
    raise DriverError(
        f"disk {disk.disk_id} is a {disk.format} {disk.type} image, which is not supported here",
        "use raw image files",
    )


def _reserve(vm: VmSpec, state: State, policy: NodePolicy) -> IdRange:
    """Choose the id range and record it with the plan, before another container can take it."""
    with lock.exclusive(f"{state.base}/.ids.lock", LOCK_SECONDS, "choosing ids", keep=True):
        taken = [*_taken(state), *idrange.foreign(idrange.read_subids(), policy)]
        ids = idrange.choose(vm.vmid, taken, policy)
        _require_granted(ids, policy)
        state.write(PLAN, plan(vm, ids).as_json())
        return ids


def _taken(state: State) -> list[IdRange]:
    """The ranges of the other containers that are defined on this node. One whose plan cannot be
    read cannot start either."""
    names = [name for name in os.listdir(state.base) if not name.startswith(".")]
    plans = [State(f"{state.base}/{name}").readable(PLAN) for name in names if name != state.name]
    return [IdRange(found["uid"]) for found in plans if found and found["uid"]]


def _require_granted(ids: IdRange, policy: NodePolicy) -> None:
    if os.path.exists(NEWUIDMAP):
        for path in SUBID_FILES:
            with open(path, encoding="utf-8", errors="replace") as file:
                idrange.require_granted(ids, file.read(), path, policy)
