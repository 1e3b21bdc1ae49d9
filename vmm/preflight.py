"""What can be known to fail before anything is changed: bridges, images, file systems."""

from vmm import definition
from vmm.errors import DriverError
from vmm.host import Host
from vmm.mounting import loop
from vmm.nics import network
from vmm.policy import NodePolicy
from vmm.spec import Disk, DiskKind, VmSpec
from vmm.storage import probe


def check(vm: VmSpec, host: Host, policy: NodePolicy) -> None:
    """DriverError, each with its remedy. An empty volatile disk gets its file system here."""
    if vm.root is None:
        raise DriverError(f"{vm.name} has no disk to be its root", "give the VM an image")
    for nic in vm.nics:
        network.require_bridge(nic.bridge, nic.bridge_type)
    stored = [disk for disk in vm.disks if disk.kind in (DiskKind.IMAGE, DiskKind.VOLATILE)]
    for disk in stored:
        definition.mapper_of(disk)
    for disk in stored:
        _check_disk(disk, host, policy)


def _check_disk(disk: Disk, host: Host, policy: NodePolicy) -> None:
    found = probe.probe(loop.head(disk.source, probe.HEAD_BYTES))
    if found == probe.EMPTY and disk.kind is DiskKind.VOLATILE:
        from vmm.storage import formatting  # rarely needed

        formatting.apply(disk, disk.filesystem or policy.filesystem, host)
    else:
        probe.mountable(found, f"disk {disk.disk_id} ({disk.source})")
