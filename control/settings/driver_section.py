"""[driver]: what the node chooses for the containers that OpenNebula starts on it.

The words, keys and defaults are those of `vmm.policy.NodePolicy`; a test holds the two together.
"""

from typing import Annotated

import msgspec

from control.settings import units
from vmm.policy import AfterBoot, CpuQuota, NodePolicy, OomPolicy, PrivilegedPolicy, RawPolicy

_D = NodePolicy()

Seconds = Annotated[float, msgspec.Meta(extra={"parse": units.seconds})]
Bytes = Annotated[int, msgspec.Meta(extra={"parse": units.byte_count})]
Path = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^/[A-Za-z0-9_@%+=:,./-]*$", description="an absolute path of plain characters"
    ),
]
MountPoint = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(/[A-Za-z0-9_@%+=:,.{}-]+)+$",
        description='an absolute path in the container, like "/media/one-disk.{id}"',
    ),
]
Key = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^lxc(\.[A-Za-z0-9_-]+)+(\.\*)?$",
        description='a key of an LXC configuration, like "lxc.signal.halt" or "lxc.signal.*"',
    ),
]
Count = Annotated[int, msgspec.Meta(ge=1, le=2**22, description="from 1 to 4194304")]
Days = Annotated[Seconds, msgspec.Meta(ge=0, description='a duration like "7d"')]
HostId = Annotated[
    int, msgspec.Meta(ge=65_536, lt=2**32 - 65_536, description="from 65536 to 4294901759")
]
FileSystem = Annotated[
    str, msgspec.Meta(pattern="^(ext4|xfs|btrfs)$", description="ext4, xfs or btrfs")
]


class DriverSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[driver]: limits, mount points, confinement, id ranges, paths."""

    cpu_quota: CpuQuota = _D.cpu_quota
    oom: OomPolicy = _D.oom
    limit_swap: bool = _D.limit_swap
    pids: Count | None = _D.pids
    mount_point: MountPoint = _D.mount_point
    context_mount_point: MountPoint = _D.context_mount_point
    filesystem: FileSystem = _D.filesystem
    settle: Annotated[Seconds, msgspec.Meta(ge=0, le=60, description="from 0s to 60s")] = (
        _D.settle_seconds
    )
    start_timeout: Seconds = _D.start_timeout
    shutdown_timeout: Seconds = _D.shutdown_timeout
    exec_timeout: Seconds = _D.exec_timeout
    after_boot: AfterBoot = _D.after_boot
    privileged: PrivilegedPolicy = _D.privileged
    raw: RawPolicy = _D.raw
    raw_allow: tuple[Key, ...] = _D.raw_allow
    nesting: bool = _D.nesting
    tun: bool = _D.tun
    fuse: bool = _D.fuse
    id_pool_start: HostId = _D.id_pool_start
    id_pool_slots: Annotated[int, msgspec.Meta(ge=1, le=65_000, description="from 1 to 65000")] = (
        _D.id_pool_slots
    )
    datastores: Path = _D.datastores
    datastore_targets: tuple[Path, ...] = _D.datastore_targets
    profiles: Path = _D.profiles
    state: Path = _D.state
    lxc: Path = _D.lxc
    log: Path = _D.log
    journal: Path = _D.journal
    log_kept: Days = _D.log_days * 86_400.0
    lxcfs: Path = _D.lxcfs
    console_log: Annotated[Bytes, msgspec.Meta(ge=4096, description="4KiB or more")] = (
        _D.console_log_bytes
    )
    console_command: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = _D.console_command


def policy(section: DriverSection, hook: str) -> NodePolicy:
    """The policy that the section asks for, its hooks run by the program `hook`."""
    chosen = msgspec.structs.asdict(section)
    return NodePolicy(
        settle_seconds=chosen.pop("settle"),
        log_days=chosen.pop("log_kept") / 86_400,
        console_log_bytes=chosen.pop("console_log"),
        hook=hook,
        **chosen,
    )
