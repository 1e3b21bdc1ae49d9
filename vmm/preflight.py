"""What can be known to fail before anything is changed: bridges, images, file systems."""

import os

from vmm import loop, network
from vmm.errors import DriverError
from vmm.host import Host
from vmm.policy import NodePolicy
from vmm.spec import Disk, DiskKind, VmSpec
from vmm.storage import filesystem, probe

MKFS = {
    "ext4": ("mkfs.ext4", "-q", "-F"),
    "xfs": ("mkfs.xfs", "-q", "-f"),
    "btrfs": ("mkfs.btrfs", "-q", "-f"),
}
MKFS_SECONDS = 300.0


def check(vm: VmSpec, host: Host, policy: NodePolicy) -> None:
    """DriverError, each with its remedy. An empty volatile disk gets its file system here."""
    if vm.root is None:
        raise DriverError(f"{vm.name} has no disk to be its root", "give the VM an image")
    for nic in vm.nics:
        network.require_bridge(nic.bridge, nic.bridge_type)
    for disk in vm.disks:
        if disk.kind in (DiskKind.IMAGE, DiskKind.VOLATILE):
            _check_disk(disk, host, policy)


def _check_disk(disk: Disk, host: Host, policy: NodePolicy) -> None:
    found = probe.probe(filesystem.read_image_head(disk.source))
    if found == probe.EMPTY and disk.kind is DiskKind.VOLATILE:
        _format(disk, disk.filesystem or policy.filesystem, host)
    else:
        probe.mountable(found, f"disk {disk.disk_id} ({disk.source})")


def _format(disk: Disk, kind: str, host: Host) -> None:
    command = MKFS.get(kind)
    if command is None:
        raise DriverError(
            f"disk {disk.disk_id} asks for the file system {kind}", f"use {', '.join(MKFS)}"
        )
    # By descriptor: the path may have become a symlink to a disk of the host's by now.
    image = loop.open_image(disk.source, readonly=False)
    try:
        path = f"/proc/{os.getpid()}/fd/{image}"
        host.run(*command, path, timeout=MKFS_SECONDS, remedy=f"install {command[0]}")
    finally:
        os.close(image)
