"""Where the images of a VM really are: symlinks resolved, and nothing outside a datastore.

OpenNebula links images and whole datastores, and oneadmin owns the directories. So: the image
must lie, with every symlink resolved, in the VM's own directory or in its image's datastore.
A datastore may itself be a symlink when root made it or its target is in the node's
configuration; otherwise oneadmin could have root mount any file of the host.
"""

from __future__ import annotations

import os
import stat

from vmm.errors import DriverError, NotFound
from vmm.lean.value import replace
from vmm.policy import NodePolicy
from vmm.spec import Disk, DiskKind, DiskType, VmSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol
else:
    Protocol = object  # an action would wait for typing's import


class Paths(Protocol):
    """The questions about the file system; tests answer them from a dict."""

    def real(self, path: str) -> str:
        """The path with every symlink resolved; FileNotFoundError when there is nothing."""
        ...

    def link_owner(self, path: str) -> int | None:
        """The uid of a symlink; None when the path is no symlink or not there."""
        ...


class HostPaths:
    """This host's file system."""

    def real(self, path: str) -> str:
        """As `realpath -e`; a loop of symlinks is an OSError too."""
        return os.path.realpath(path, strict=True)

    def link_owner(self, path: str) -> int | None:
        """The owner by lstat."""
        try:
            status = os.lstat(path)
        except OSError:
            return None
        return status.st_uid if stat.S_ISLNK(status.st_mode) else None


def located(vm: VmSpec, policy: NodePolicy, paths: Paths) -> VmSpec:
    """The VM with the real path of every file disk; DriverError for one that lies elsewhere."""
    return replace(vm, disks=tuple(_disk(disk, vm, policy, paths) for disk in vm.disks))


def _disk(disk: Disk, vm: VmSpec, policy: NodePolicy, paths: Paths) -> Disk:
    if disk.type is not DiskType.FILE or disk.kind is DiskKind.SWAP:
        return disk
    homes = [f"{_datastore(vm.datastore_id, policy, paths)}/{vm.vmid}"]
    if disk.datastore_id is not None:
        homes += _existing(disk.datastore_id, policy, paths)
    real = _real(disk.source, f"disk {disk.disk_id} of {vm.name}", paths)
    if not any(real.startswith(f"{home}/") for home in homes):
        raise DriverError(
            f"disk {disk.disk_id} of {vm.name}: {disk.source} leads to {real}, outside of "
            f"{' and '.join(homes)}",
            "remove the symlink, or put the image into its datastore",
        )
    return replace(disk, source=real)


def _existing(datastore_id: int, policy: NodePolicy, paths: Paths) -> Iterable[str]:
    """The image's datastore where this node has it: with most drivers only the front-end does."""
    try:
        return [_datastore(datastore_id, policy, paths)]
    except NotFound:
        return []


def _datastore(datastore_id: int, policy: NodePolicy, paths: Paths) -> str:
    """The real directory of a datastore."""
    root = _real(policy.datastores, "the datastores' directory", paths)
    path = f"{root}/{datastore_id}"
    real = _real(path, f"datastore {datastore_id}", paths)
    if real == path or paths.link_owner(path) == 0 or real in policy.datastore_targets:
        return real
    raise DriverError(
        f"datastore {datastore_id}: {path} is a symlink to {real} that root did not make",
        f"as root: chown -h root {path}, or name {real} in driver.datastore_targets",
    )


def _real(path: str, what: str, paths: Paths) -> str:
    try:
        return paths.real(path)
    except FileNotFoundError:
        raise NotFound(f"{what}: {path} does not exist") from None
    except (OSError, ValueError) as problem:
        raise DriverError(f"{what}: {path}: {problem}") from problem
