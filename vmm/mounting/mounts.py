"""Mounts through the new mount API: a mount is made detached, then placed where it belongs.

The numbers of these system calls are the same on every architecture. Imported by hooks: keep
it lean. Errors are OSError turned into DriverError that names the source and carries what the
kernel logged for it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from vmm.errors import DriverError
from vmm.lean.ignoring import Ignoring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

OPEN_TREE, MOVE_MOUNT, FSOPEN, FSCONFIG, FSMOUNT = 428, 429, 430, 431, 432
OPENAT2, MOUNT_SETATTR = 437, 442
FSOPEN_CLOEXEC = FSMOUNT_CLOEXEC = OPEN_TREE_CLONE = 1
SET_FLAG, SET_STRING, CMD_CREATE = 0, 1, 6
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV, ATTR_IDMAP = 1, 2, 4, 0x100000
MOVE_FROM_EMPTY_PATH, AT_EMPTY_PATH, AT_FDCWD = 4, 0x1000, -100
MNT_DETACH, UMOUNT_NOFOLLOW, RESOLVE_NO_SYMLINKS = 2, 8, 4

_libc = ctypes.CDLL(None, use_errno=True)


def syscall(number: int, *args: int | bytes | None) -> int:
    """One system call; OSError when it fails. Integers are passed as C longs."""
    given = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    result: int = _libc.syscall(ctypes.c_long(number), *given)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def make(
    filesystem: str,
    source: str,
    options: Mapping[str, str] | None = None,
    *,
    readonly: bool = False,
    attributes: int = 0,
) -> int:
    """A descriptor of a new detached mount of `source`; closed unplaced, it is gone.

    An option without a value is a flag. `attributes` are ATTR_* of this mount; `readonly` is
    the file system's own.
    """
    given = {**(options or {}), **({"ro": ""} if readonly else {})}
    try:
        context = syscall(FSOPEN, filesystem.encode(), FSOPEN_CLOEXEC)
    except OSError as error:
        raise DriverError(
            f"cannot mount {source} as {filesystem}: {error.strerror}",
            f"this kernel lacks {filesystem}: load its module",
        ) from error
    try:
        syscall(FSCONFIG, context, SET_STRING, b"source", source.encode(), 0)
        for key, value in given.items():
            kind = SET_STRING if value else SET_FLAG
            syscall(FSCONFIG, context, kind, key.encode(), value.encode() or None, 0)
        syscall(FSCONFIG, context, CMD_CREATE, None, None, 0)
        flags = attributes | (ATTR_RDONLY if readonly else 0)
        return syscall(FSMOUNT, context, FSMOUNT_CLOEXEC, flags)
    except OSError as error:
        said = _kernel_log(context) or error.strerror
        raise DriverError(f"cannot mount {source} as {filesystem}: {said}") from error
    finally:
        os.close(context)


def _kernel_log(context: int) -> str:
    """What the kernel wrote about a failed mount: one message per read, `e text` for an error."""
    said = []
    with Ignoring(OSError):  # ENODATA ends the log
        while message := os.read(context, 1024):
            said.append(message.decode(errors="replace")[2:].strip())
    return ", ".join(said)


def set_attributes(mount: int, attributes: int, user_namespace: int = 0) -> None:
    """Set ATTR_* of a detached mount; ATTR_IDMAP maps its ids as `user_namespace` (an fd) does."""
    request = struct.pack("=QQQQ", attributes, 0, 0, user_namespace)
    try:
        syscall(MOUNT_SETATTR, mount, b"", AT_EMPTY_PATH, request, len(request))
    except OSError as error:
        raise DriverError(
            f"cannot map the ids of a mount: {error.strerror}",
            "use ext4, xfs or btrfs and a kernel from 5.15 on, or run the container privileged",
        ) from error


def place(mount: int, target: str) -> None:
    """Put a detached mount on the directory `target` of the caller's mount namespace."""
    try:
        syscall(MOVE_MOUNT, mount, b"", AT_FDCWD, target.encode(), MOVE_FROM_EMPTY_PATH)
    except OSError as error:
        # EINVAL is what the kernel says of a symlink.
        remedy = "it must be a directory" if error.errno in (errno.EINVAL, errno.ENOTDIR) else ""
        raise DriverError(f"cannot mount on {target}: {error.strerror}", remedy) from error


def copy(target: str) -> int:
    """A descriptor of a detached copy of the mount that `target` is on."""
    flags = OPEN_TREE_CLONE | os.O_CLOEXEC
    try:
        return syscall(OPEN_TREE, AT_FDCWD, target.encode(), flags)
    except OSError as error:
        raise DriverError(f"cannot copy the mount on {target}: {error.strerror}") from error


def unmount(target: str, *, lazy: bool = False) -> bool:
    """Unmount what is on `target`; False when nothing is mounted there.

    A `lazy` one never fails as busy: who has a file of it open keeps that file.
    """
    flags = UMOUNT_NOFOLLOW | (MNT_DETACH if lazy else 0)
    if _libc.umount2(target.encode(), flags) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOENT):
        return False
    raise DriverError(
        f"cannot unmount {target}: {os.strerror(code)}",
        "a process still uses it" if code == errno.EBUSY else "",
    )


def open_without_links(path: str, flags: int) -> int:
    """A descriptor of `path` in which no component is a symlink (ELOOP): oneadmin, who owns the
    datastores, may have changed one since the path was checked."""
    how = struct.pack("=QQQ", flags, 0, RESOLVE_NO_SYMLINKS)
    return syscall(OPENAT2, AT_FDCWD, path.encode(), how, len(how))


def sync_file_system(path: str) -> None:
    """Write out the file system that `path`, no component of it a symlink, is on."""
    directory = open_without_links(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _libc.syncfs(directory):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), path)
    finally:
        os.close(directory)


def enter_mount_namespace(pid: int) -> None:
    """Move this process, which must have one thread, into the mount namespace of `pid`."""
    namespace = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(namespace, 0x20000):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), f"/proc/{pid}/ns/mnt")
    finally:
        os.close(namespace)


def enter_network_namespace(namespace: int) -> None:
    """Move this thread into the network namespace of that descriptor."""
    if _libc.setns(namespace, 0x40000000):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), "setns")


def new_user_namespace() -> None:
    """Move this process, which must have one thread, into a user namespace of its own."""
    if _libc.unshare(0x10000000):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), "unshare")


def act_as(uid: int, gid: int) -> None:
    """Reach files as this host id; on an idmapped mount an unmapped id gets EOVERFLOW."""
    _libc.setfsgid(gid)
    _libc.setfsuid(uid)


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it ends."""
    _libc.prctl(1, 9, 0, 0, 0)
