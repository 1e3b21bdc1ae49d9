"""reconfigure: show the container its new context, and have its guest act on it."""

import os

from vmm import located
from vmm.container import Container
from vmm.errors import CommandError, DriverError
from vmm.lean.value import replace
from vmm.mounting import inside
from vmm.plan import CONTEXT, Plan, PlannedDisk
from vmm.site import Site
from vmm.spec import DiskKind, Message
from vmm.state import PLAN
from vmm.storage import context

PLACE_SECONDS = 20.0
GUEST_SECONDS = 60.0
SERVICE = ("service", "one-context-reconfigure", "restart")
"""What OpenNebula's context packages install for this; the stock driver calls it too."""


def run(site: Site, message: Message) -> str:
    """Nothing to say. A guest without OpenNebula's packages finds the new files, no more."""
    disk = next((disk for disk in message.vm.disks if disk.kind is DiskKind.CONTEXT), None)
    container = site.container(message.vm.name)
    if disk is None or not container.state.exists:
        return ""
    alone = replace(message.vm, disks=(disk,))
    (disk,) = located.located(alone, site.policy, located.HostPaths()).disks
    planned = PlannedDisk(disk.disk_id, CONTEXT, disk.source, disk.mount_point, readonly=True)
    plan = Plan.from_json(container.state.require(PLAN))
    others = tuple(other for other in plan.disks if other.mapper != CONTEXT)
    container.state.write(PLAN, replace(plan, disks=(*others, planned)).as_json())
    if _place(container, plan, planned):
        _tell_guest(site, container)
    return ""


def _place(container: Container, plan: Plan, planned: PlannedDisk) -> bool:
    """Whether a running container has the new files now; the next start reads them anyway."""
    mount = context.detached(planned.source, plan.uid, plan.gid)
    pid = container.init()
    try:
        if pid is not None:
            placed = mount, planned.mount_point
            inside.replace(pid, placed, plan.uid, plan.gid, PLACE_SECONDS)
    except DriverError:
        if container.init() == pid:
            raise
        return False  # it rebooted meanwhile
    finally:
        os.close(mount)
    return pid is not None


def _tell_guest(site: Site, container: Container) -> None:
    if container.cgroups.frozen():
        return
    try:
        container.run(*SERVICE, timeout=GUEST_SECONDS)
    except CommandError as error:
        site.report.info(f"{container.name} has its new context; {' '.join(SERVICE)}: {error}")
