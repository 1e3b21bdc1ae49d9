"""The context: the files of OpenNebula's ISO, copied into a small file system of their own.

Many kernels lack iso9660, and none maps its ids: a copy on tmpfs works everywhere, belongs to
the container's own root and needs no device. Imported by hooks: keep it lean.
"""

import os

from vmm.errors import DriverError, NotFound
from vmm.mounting import mounts
from vmm.storage import iso9660

MAX_BYTES = 256 << 20
SLACK_BYTES = 1 << 20
"""tmpfs counts whole pages, and its directories too."""


def detached(path: str, uid: int, gid: int) -> int:
    """A descriptor of a detached, read-only mount with the files of the ISO image at `path`."""
    try:
        with open(mounts.open_without_links(path, os.O_RDONLY | os.O_CLOEXEC), "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFound(f"there is no context image {path}") from error
    except OSError as error:
        raise DriverError(f"cannot open the context image {path}: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise DriverError(f"the context image {path} is larger than {MAX_BYTES >> 20} MiB")
    options = {
        "size": str(2 * len(data) + SLACK_BYTES),
        "mode": "0755",
        "uid": str(uid),
        "gid": str(gid),
    }
    attributes = mounts.ATTR_NOSUID | mounts.ATTR_NODEV
    mount = mounts.make("tmpfs", "context", options, attributes=attributes)
    try:
        _fill(mount, data, path, uid, gid)
        mounts.set_attributes(mount, mounts.ATTR_RDONLY)
    except BaseException:
        os.close(mount)
        raise
    return mount


def _fill(mount: int, data: bytes, path: str, uid: int, gid: int) -> None:
    try:
        for entry in iso9660.entries(data):
            if entry.is_directory:
                os.mkdir(entry.path, dir_fd=mount)
            else:
                _write(mount, entry)
            os.chmod(entry.path, entry.mode, dir_fd=mount)
            os.chown(entry.path, uid, gid, dir_fd=mount)
    except iso9660.Damaged as error:
        raise DriverError(f"the context image {path} cannot be read: {error}") from error
    except OSError as error:
        raise DriverError(f"cannot copy the context {path}: {error.strerror}") from error


def _write(mount: int, entry: iso9660.Entry) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    fd = os.open(entry.path, flags, dir_fd=mount)
    with open(fd, "wb") as file:
        file.write(entry.data)
