"""What of MONITOR_VM no reading has: what disks take, and which addresses there are.

From datastores and network namespaces, so neither an agent nor its store is needed. Containers are
found where LXC puts them by default.
"""

from __future__ import annotations

from collector.addresses import addresses
from collector.inits import init_of, payloads, tree
from control.deadline import PATIENCE_S, within
from im_probes.configuration import datastores_in
from im_probes.probes.vm_monitor import unread
from im_probes.probes.vm_status import vmid_of
from im_probes.template import monitored

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from collector.datastores import Disk
    from im_probes.configuration import Texts

ROOT = ""


def said(found: Texts) -> str:
    """DISK_SIZE and GUEST_IP of every OpenNebula container that runs."""
    hierarchy = tree(ROOT)
    if hierarchy is None:
        return ""
    named = ((vmid_of(name), name) for name in payloads(hierarchy))
    inits = {vmid: init_of(ROOT, hierarchy, name) for vmid, name in named if vmid is not None}
    up = {vmid: init for vmid, init in inits.items() if init is not None}
    disks = within(PATIENCE_S, lambda: _disks(datastores_in(found), up)) or {}
    lines = []
    for vmid, init in sorted(up.items()):
        if template := unread(disks.get(vmid, {}), addresses(ROOT, init)):
            lines.append(monitored(vmid, f"one-{vmid}", template))
    return "".join(lines)


def _disks(location: str, vmids: Mapping[int, int]) -> dict[int, dict[Disk, int]]:
    from collector.datastores import datastores, disk_bytes, has_rbd

    marked = has_rbd(ROOT)
    found: dict[int, dict[Disk, int]] = {}
    for _, directory in datastores(location):
        for vmid, disks in disk_bytes(directory, vmids, marked=marked).items():
            found.setdefault(vmid, {}).update(disks)
    return found
