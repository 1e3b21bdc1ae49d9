"""What the stock driver leaves of a container that ended by itself: deploy takes its place.

The stock driver keeps /var/lib/lxc-one/<VMID>/ for as long as it has the VM deployed: its disks'
bind mounts, over file systems on <system datastore>/<VMID>/mapper/. A container that runs is never
touched here: only the stock driver's own scripts stop it. No file is removed but LXC's `config`:
everything else must be empty directories once it is unmounted.
"""

import contextlib
import os
import re

from vmm.container import Container
from vmm.errors import DriverError
from vmm.host import Host
from vmm.mounting import inside, mount_namespaces, mounts
from vmm.policy import NodePolicy
from vmm.spec import VmSpec
from vmm.state import CONFIG

HAS = "/var/lib/lxc-one"
SECONDS = 20.0

DETACH = {
    "loop": ("losetup", "--detach"),
    "nbd": ("qemu-nbd", "--disconnect"),
    "rbd": ("rbd", "unmap"),
}
"""Kind of device → what gives it back. The stock driver mapped these; others it found."""
_DEVICE = r"(/dev/([a-z]+)\d+)(?:p\d+)?"  # compiled when it is wanted


def has(vm: VmSpec) -> bool:
    """Whether the stock driver deployed this VM here and has not cleaned up since."""
    return os.path.isdir(f"{HAS}/{vm.vmid}")


def clear(vm: VmSpec, container: Container, policy: NodePolicy, host: Host) -> bool:
    """Remove what the stock driver left of a stopped container; whether there was anything.

    DriverError when it still runs or something of it is in use.
    """
    if not has(vm):
        return False
    pid = container.init()
    if pid is not None:
        raise DriverError(
            f"{vm.name} runs (pid {pid}), started by the stock driver",
            "power it off first: that is still done by the stock driver's scripts",
        )
    homes = _homes(vm, policy)
    devices = _unmounted(homes)
    _unmount_elsewhere(homes)
    for device in devices:
        _give_back(device, host)
    _undefine(container.stub)
    _remove_empty(f"{HAS}/{vm.vmid}")
    return True


def _homes(vm: VmSpec, policy: NodePolicy) -> tuple[str, str]:
    """Where the stock driver mounts what is the VM's."""
    datastore = os.path.realpath(f"{policy.datastores}/{vm.datastore_id}")
    return f"{HAS}/{vm.vmid}/", f"{datastore}/{vm.vmid}/mapper/"


def _unmounted(homes: tuple[str, str]) -> list[str]:
    """Unmount everything of the VM's, the last mounted first; the devices that were under it."""
    devices = {}
    for point, source in reversed(_mounts()):
        if point.startswith(homes):
            mounts.unmount(point)
            devices[source] = True
    return [device for device in devices if device.startswith("/dev/")]


def _unmount_elsewhere(homes: tuple[str, str]) -> None:
    """The copies that monitors of other containers keep: the devices would stay in use."""
    for pid, points in mount_namespaces.each():
        found = [point for point in reversed(points) if point.startswith(homes)]
        if found:
            inside.unmount(pid, found, SECONDS)


def _mounts() -> list[tuple[str, str]]:
    """(mount point, source) of this namespace's mounts, in their order."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        halves = [line.split(" - ", 1) for line in file]
    return [(before.split(" ")[4], after.split(" ")[1]) for before, after in halves]


def _give_back(device: str, host: Host) -> None:
    """Detach the device that the stock driver had attached; one that cleared itself is no error."""
    match = re.fullmatch(_DEVICE, device)
    if match and match[2] in DETACH and not _is_free(match[1]):
        remedy = f"end what uses {device}, and repeat the action"
        host.run(*DETACH[match[2]], match[1], remedy=remedy)


def _is_free(device: str) -> bool:
    name = os.path.basename(device)
    return name.startswith("loop") and not os.path.exists(f"/sys/block/{name}/loop/backing_file")


def _undefine(stub: str) -> None:
    """Take LXC's definition away. lxc-destroy would, on some configurations, delete a disk."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{stub}/{CONFIG}")
    _remove_empty(stub)


def _remove_empty(top: str) -> None:
    """Remove a tree of directories without files, if it is there."""
    for directory, _, _ in os.walk(top, topdown=False):
        try:
            os.rmdir(directory)
        except OSError as error:
            raise DriverError(
                f"{directory}, which the stock driver left, cannot be removed: {error.strerror}",
                "look at what is in it, and remove it",
            ) from error
