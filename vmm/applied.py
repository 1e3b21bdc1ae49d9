"""What a container was defined as, for others than root to read: its spec without secrets.

A file beside the spec, of the journal's group, which is the page's. Standard library only.
"""

from __future__ import annotations

from vmm.lean import brief_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from vmm.spec import Disk, Graphics, Nic, VmSpec
    from vmm.state import State

FILE = "applied.json"
MODE = 0o640


def write(state: State, vm: VmSpec, uid: int, group: int) -> None:
    """Replace the file; `uid` is the host id that the container's root has, 0 when privileged."""
    _replace(state, public(vm, uid), group)


def renew_nics(state: State, nics: Iterable[Nic], group: int) -> None:
    """The container has these NICs now; nothing to do where the file was never written."""
    found = state.read(FILE)
    if found is not None:
        _replace(state, {**found, "nics": [_nic(nic) for nic in nics]}, group)


def _replace(state: State, value: Mapping[str, Any], group: int) -> None:
    state.write_text(FILE, brief_json.dumps(value), MODE, group)


def read(base: str, name: str) -> Mapping[str, Any] | None:
    """What `write` wrote of the container `name` below `base`; None where it is not to be had."""
    try:
        with open(f"{base}/{name}/{FILE}", encoding="utf-8") as file:
            found = brief_json.loads(file.read())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def public(vm: VmSpec, uid: int) -> dict[str, Any]:
    """The spec as plain values: sizes in bytes, absent (None) without a limit."""
    limits = vm.limits
    return {
        "unprivileged": uid != 0,
        "first_host_id": uid or None,
        "limits": {
            "cpu": limits.cpu,
            "vcpu": limits.vcpu,
            "memory_bytes": limits.memory_bytes,
            "swap_bytes": limits.swap_bytes,
            "cpus": limits.cpus or None,
        },
        "disks": [_disk(disk) for disk in vm.disks],
        "nics": [_nic(nic) for nic in vm.nics],
        "console": _console(vm.graphics) if vm.graphics else None,
    }


def _disk(disk: Disk) -> dict[str, Any]:
    return {
        "id": disk.disk_id,
        "kind": disk.kind,
        "mount_point": disk.mount_point or None,
        "source": disk.source,
        "image": disk.image or None,
        "format": disk.format,
        "size_bytes": disk.size_bytes,
        "readonly": disk.readonly,
    }


def _nic(nic: Nic) -> dict[str, Any]:
    return {
        "id": nic.nic_id,
        "name": nic.guest_name,
        "bridge": nic.bridge,
        "mac": nic.mac,
        "host_name": nic.host_name,
        "mtu": nic.mtu,
    }


def _console(graphics: Graphics) -> dict[str, Any]:
    return {"type": graphics.type, "listen": graphics.listen, "port": graphics.port}
