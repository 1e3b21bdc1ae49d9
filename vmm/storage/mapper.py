"""What a file of this directory that maps disks must be like."""

from typing import Protocol

from vmm.attachments import Attachment
from vmm.plan import PlannedDisk
from vmm.state import State


class Mapped(Protocol):
    """A disk that is a block device now."""

    attachment: Attachment
    path: str
    """The device node."""

    def release(self) -> None:
        """Stop holding the device; a mount of it goes on holding it."""
        ...


class Mapper(Protocol):
    """What a file in vmm/storage/ provides."""

    def map(self, disk: PlannedDisk, state: State) -> Mapped:
        """Make the disk a block device. Never twice for one image, whoever has it already."""
        ...

    def unmap(self, attachment: Attachment, state: State) -> None:
        """Take the device away, or wait until it went; DriverError when it is still in use.

        Called when nothing of ours has it mounted; nothing to do when it is gone.
        """
        ...
