"""Raw image files, each on a loop device of its own. Imported by hooks: keep it lean."""

import os

from vmm import attachments, attempt, lock
from vmm.attachments import Attachment
from vmm.errors import DriverError
from vmm.mounting import loop
from vmm.plan import PlannedDisk
from vmm.state import State

LOCK_SECONDS = 30.0
TAKEN_SECONDS = 5.0
"""How long an image that seems to be in use is waited for, while others wait for the lock."""
RELEASE_SECONDS = 15.0
"""A loop device goes when the last mount of it does, a moment after umount returned: udev reads
each one that changed, which takes seconds where there is much to do."""


class LoopDevice:
    """A loop device that clears itself when neither this descriptor nor a mount holds it."""

    def __init__(self, fd: int, attachment: Attachment) -> None:
        self._fd = fd
        self.attachment = attachment
        self.path = f"/dev/{attachment.device}"

    def release(self) -> None:
        """Leave the device to its mount; without one it is gone."""
        os.close(self._fd)


class RawFiles:
    """The mapper of raw files."""

    def map(self, disk: PlannedDisk, state: State) -> LoopDevice:
        """Attach the image, unless any loop device of this node has it already."""
        image = loop.open_image(disk.source, readonly=disk.readonly)
        try:
            with lock.exclusive(state.attach_lock, LOCK_SECONDS, "attaching disks", keep=True):
                return _attach(image, disk, state)
        finally:
            os.close(image)

    def unmap(self, attachment: Attachment, state: State) -> None:
        """Wait for the device to clear itself."""
        now = attempt.boot_id(), loop.diskseq(attachment.device)
        if now != (attachment.boot_id, attachment.diskseq):
            return  # it did, and another container may have the very image on it by now
        recorded = attachments.recorded(state.base)
        name = loop.wait_free(attachment.image, recorded, RELEASE_SECONDS)
        if name == attachment.device:
            raise DriverError(
                f"disk {attachment.disk_id} ({attachment.source}) is still in use on /dev/{name}",
                "find the process that has it open or mounted, end it, and repeat the action",
            )


def _attach(image: int, disk: PlannedDisk, state: State) -> LoopDevice:
    """Attach under the node's lock, and record it before the lock is given back."""
    which = loop.identity(image)
    # Our own last life, in a reboot, or a stop a moment ago may be about to give it back.
    name = loop.wait_free(which, attachments.recorded(state.base), TAKEN_SECONDS)
    if name:
        raise DriverError(
            f"disk {disk.disk_id} ({disk.source}) is already attached to /dev/{name}",
            "an image can be used once at a time: stop what uses it",
        )
    fd, device = loop.attach(image, disk.source, readonly=disk.readonly)
    number = os.fstat(fd).st_rdev
    attachment = Attachment(
        disk.disk_id,
        disk.mapper,
        device,
        (os.major(number), os.minor(number)),
        loop.diskseq(device),
        disk.source,
        which,
        attempt.boot_id(),
    )
    try:
        attachments.record(state, attachment)
    except BaseException:
        os.close(fd)
        raise
    return LoopDevice(fd, attachment)
