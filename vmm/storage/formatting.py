"""Volatile disks get their file system here: a whole one, or the image stays as empty as it was."""

import contextlib
import os
import stat

from vmm.errors import DriverError
from vmm.host import Host
from vmm.mounting import loop, mounts
from vmm.spec import Disk

MKFS = {
    "ext4": ("mkfs.ext4", "-q", "-F"),
    "xfs": ("mkfs.xfs", "-q", "-f"),
    "btrfs": ("mkfs.btrfs", "-q", "-f"),
}
MKFS_SECONDS = 300.0


def apply(disk: Disk, kind: str, host: Host) -> None:
    """Put a file system of this kind in the place of the empty image.

    It is made in a file beside the image, which then takes the image's name: so an mkfs that is
    killed, or that goes on after the action which started it was killed, never touches the image.
    """
    command = MKFS.get(kind)
    if command is None:
        raise DriverError(
            f"disk {disk.disk_id} asks for the file system {kind}", f"use {', '.join(MKFS)}"
        )
    image = loop.open_image(disk.source, readonly=False)
    try:
        directory, name = os.path.split(disk.source)
        parent = mounts.open_without_links(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _replace(os.fstat(image), parent, name, command, host)
        finally:
            os.close(parent)
    finally:
        os.close(image)


def _replace(
    image: os.stat_result, parent: int, name: str, command: tuple[str, ...], host: Host
) -> None:
    new = f".{name}.formatting"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new, dir_fd=parent)  # an action was killed here
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    made = os.open(new, flags, 0o600, dir_fd=parent)
    try:
        os.ftruncate(made, image.st_size)
        # By descriptor: oneadmin, who owns the directory, may have put another file there.
        path = f"/proc/{os.getpid()}/fd/{made}"
        host.run(*command, path, timeout=MKFS_SECONDS)
        os.fchown(made, image.st_uid, image.st_gid)
        os.fchmod(made, stat.S_IMODE(image.st_mode))
        os.fsync(made)
        os.rename(new, name, src_dir_fd=parent, dst_dir_fd=parent)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(new, dir_fd=parent)
        raise
    finally:
        os.close(made)
