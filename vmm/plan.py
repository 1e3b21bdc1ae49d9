"""What the hooks of one container do, as deploy wrote it down. Imported by hooks: keep it lean.

A hook knows nothing of OpenNebula: it reads this plan, and every start of the container, from
OpenNebula, by hand, at boot or on a reboot from inside, attaches and mounts the same things.
"""

from __future__ import annotations

from vmm.lean.value import Value, asdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ROOT = "/"


class PlannedDisk(Value):
    """One disk to attach: `mapper` is a key of `vmm.storage.MAPPERS` or CONTEXT."""

    disk_id: int
    mapper: str
    source: str
    mount_point: str
    readonly: bool = False


class PlannedNic(Value):
    """One network interface: `mtu` None takes that of the bridge."""

    host_name: str
    guest_name: str
    mac: str
    bridge: str
    openvswitch: bool = False
    mtu: int | None = None


CONTEXT = "context"
"""The mapper of the context: its files are copied, no device is attached."""


class Plan(Value):
    """The disks and NICs of the container `name`; its root is the host ids from `uid` and `gid` on.

    Both are 0 for a privileged container, whose mounts keep their ids.
    """

    name: str
    uid: int
    gid: int
    disks: tuple[PlannedDisk, ...]
    nics: tuple[PlannedNic, ...] = ()

    @property
    def root(self) -> PlannedDisk:
        """The disk that holds the container's root."""
        return next(disk for disk in self.disks if disk.mount_point == ROOT)

    @property
    def others(self) -> tuple[PlannedDisk, ...]:
        """Every disk that is mounted inside the running container, in the order in which that is
        done: one on /data would hide another that was put on /data/more before it."""
        others = (disk for disk in self.disks if disk.mount_point != ROOT)
        return tuple(sorted(others, key=lambda disk: disk.mount_point))

    def as_json(self) -> dict[str, Any]:
        """The plan as plain values."""
        return {
            **asdict(self),
            "disks": list(map(asdict, self.disks)),
            "nics": list(map(asdict, self.nics)),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Plan:
        """The plan that `as_json` gave."""
        disks = tuple(PlannedDisk(**disk) for disk in value["disks"])
        nics = tuple(PlannedNic(**nic) for nic in value.get("nics", ()))
        return cls(value["name"], value["uid"], value["gid"], disks, nics)
