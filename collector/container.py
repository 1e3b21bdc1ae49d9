"""One running container of one generation: what every group of container metrics is opened with."""

import re
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from collector.cgroupfs import Cgroup
from collector.devices import Devices
from collector.model import Entity, Labels
from collector.mounts import MountTable
from collector.pace import Pace

_OURS = re.compile(r"one-(0|[1-9]\d*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class ContainerRef:
    """A container's name as LXC has it, and the OpenNebula VM it is, if it is one."""

    name: str
    vmid: int | None

    @classmethod
    def of(cls, name: str) -> "ContainerRef":
        """The reference of a container of this name: `one-7` is VM 7, `my-one-7` is nobody's."""
        ours = _OURS.fullmatch(name)
        return cls(name, int(ours[1]) if ours else None)

    def entity(self, host: str) -> Entity:
        """What the rows of this container are about."""
        labels: Labels = (("host", host), ("container", self.name))
        if self.vmid is not None:
            labels = (*labels, ("vmid", str(self.vmid)))
        return Entity("container", self.name, labels)


@dataclass(frozen=True, slots=True)
class Container:
    """A container from its init's start to its end.

    `start_time` is unix seconds, `root` the file system that holds proc/ and sys/, `proc` an open
    descriptor of /proc/INIT_PID: reading through it fails with ESRCH once init is gone, also when
    another process got its number. `generation` is another after every restart (53 bits). What
    rarely changes is read again with each round of `pace`.
    """

    ref: ContainerRef
    init_pid: int
    start_time: float
    generation: int
    root: Path
    proc: int
    cgroup: Cgroup
    devices: Devices
    pace: Pace = field(default_factory=Pace)
    mounts: MountTable = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mounts", MountTable(self.proc, self.pace))


def generation(boot_id: str, start_ticks: int, inode: int) -> int:
    """A number that no other life of any container has, stable while the agent restarts.

    53 bits, so that it survives a float; never 0, which a stopped container's row carries.
    """
    life = f"{boot_id} {start_ticks} {inode}".encode()
    return int.from_bytes(blake2b(life, digest_size=8).digest()) >> 11 or 1
