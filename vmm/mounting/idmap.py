"""Mounts whose ids are those of a container: on disk 0, for the host the first of its range.

LXC can do it too (lxc.rootfs.options = idmap=container), but LXC 5.0.2 forgets it when the guest
reboots: its root then belongs to nobody. Imported by hooks: keep it lean.
"""

import os

from vmm.errors import DriverError
from vmm.lean.brief_signal import signal
from vmm.mounting import mounts

COUNT = 65_536
"""Ids per container."""
READY, SAID_BYTES = ".", 200
STOCK_START = 600_100_001
"""Where OpenNebula's stock driver shifts the ids of unprivileged images on disk."""


def apply(mount: int, uid: int, what: str) -> None:
    """Map the ids of a detached mount onto the range from `uid` on (0: a privileged container).

    An image that the stock driver shifted is shifted back by the mapping, not on disk.
    """
    first = _first_id(os.fstat(mount).st_uid, what)
    if first == uid:
        return
    namespace = user_namespace(first, uid)
    try:
        mounts.set_attributes(mount, mounts.ATTR_IDMAP, namespace)
    finally:
        os.close(namespace)


def _first_id(owner: int, what: str) -> int:
    """What is root's id on a disk whose root directory belongs to `owner`."""
    if owner < COUNT:
        return 0
    if STOCK_START <= owner < STOCK_START + COUNT:
        return STOCK_START
    raise DriverError(
        f"the root of {what} belongs to id {owner}: the image was shifted on disk",
        "shift its files back to ids from 0 on with the VM powered off, or use a fresh image",
    )


def user_namespace(first: int, start: int) -> int:
    """A descriptor of a new user namespace in which `first` is the host's id `start`, and so on."""
    ready, go_on = os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        _wait_in_new_namespace(ready[1], go_on[0])
    try:
        for fd in (ready[1], go_on[0]):
            os.close(fd)
        said = os.read(ready[0], SAID_BYTES).decode()
        if said != READY:
            raise DriverError(
                f"cannot make a user namespace: {said or 'its process died'}",
                "see sysctl user.max_user_namespaces",
            )
        for name in ("uid_map", "gid_map"):
            _write(f"/proc/{child}/{name}", f"{first} {start} {COUNT}")
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        for fd in (ready[0], go_on[1]):
            os.close(fd)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _wait_in_new_namespace(ready: int, go_on: int) -> None:
    """The child: say that the namespace is there, or why not, then wait for the end."""
    try:
        mounts.die_with_parent()
        mounts.new_user_namespace()
        os.write(ready, READY.encode())
        os.read(go_on, 1)
    except OSError as error:
        os.write(ready, (error.strerror or str(error)).encode()[:SAID_BYTES])
    finally:
        os._exit(0)


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
