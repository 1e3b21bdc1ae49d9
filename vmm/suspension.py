"""A suspended container: it stands frozen on this node, its memory and devices as they were.

OpenNebula takes a suspended VM for one that has left the node: to stop, terminate or migrate it,
it calls no driver, and moves or deletes the images below the frozen container. So a frozen
container may go on only as the VM that it was, on the images that it has open; and its file
systems are written out before, for whoever copies the images.
"""

import contextlib
import os
import time

from vmm import attachments, attempt, boot
from vmm.container import Container
from vmm.errors import DriverError, NotFound
from vmm.mounting import inside, mounts
from vmm.plan import Plan
from vmm.state import PLAN

SYNC_SECONDS = 60.0
FROZEN_SECONDS, POLL_SECONDS = 10.0, 0.02


def suspend(container: Container) -> None:
    """Freeze it with its file systems written out; nothing to do when it is frozen."""
    pid = container.init()
    if pid is None:
        raise NotFound(f"{container.name} does not run", "resume the VM")
    if container.cgroups.frozen():
        boot.end(container.state, boot.SUSPENDED)  # whoever froze it: now it is meant
        return
    _write_out(container, pid)
    container.freeze()
    try:
        _require_frozen(container)
        _write_out(container, pid)  # what was written since, by now very little
    except BaseException:
        container.thaw()
        raise


def _require_frozen(container: Container) -> None:
    """What enters a frozen container (the lxc-attach of a command that was just begun) has the
    kernel call it not frozen until that stands still too."""
    deadline = time.monotonic() + FROZEN_SECONDS
    while not container.cgroups.frozen():
        if time.monotonic() > deadline:
            raise DriverError(f"{container.name} runs on though LXC says that it is frozen")
        time.sleep(POLL_SECONDS)


def can_go_on(container: Container) -> bool:
    """Whether a frozen container is still on the images that its VM has now."""
    now = attempt.boot_id()
    found = attachments.load(container.state)
    return bool(found) and all(
        attachment.boot_id == now and _is_still(attachment) for attachment in found
    )


def _is_still(attachment: attachments.Attachment) -> bool:
    with contextlib.suppress(OSError):
        status = os.stat(attachment.source, follow_symlinks=False)
        return (status.st_dev, status.st_ino) == tuple(attachment.image)
    return False


def _write_out(container: Container, pid: int) -> None:
    """Write the container's file systems to their images, in its mount namespace."""
    points = [disk.mount_point for disk in Plan.from_json(container.state.require(PLAN)).disks]

    def work() -> str:
        mounts.enter_mount_namespace(pid)
        for point in points:
            # The guest may have unmounted a disk, or put a link in its place: that is its own.
            with contextlib.suppress(OSError):
                mounts.sync_file_system(point)
        return ""

    inside.ask_child(work, SYNC_SECONDS, f"writing out the disks of {container.name}")
