"""What the node's configuration may choose for the driver. The defaults equal the stock driver's.

Only root writes the file that this comes from, so a path in here is trusted; OpenNebula's
messages are not.
"""

from enum import StrEnum

from vmm.lean.value import Value


class CpuQuota(StrEnum):
    """Whether the CPU time of a container has a ceiling beside its weight."""

    OFF = "off"
    CPU = "cpu"
    """CPU = 0.5 is half a core and never more."""
    VCPU = "vcpu"
    """VCPU = 2 is two cores and never more."""


class OomPolicy(StrEnum):
    """What happens when a container is out of memory."""

    KILL = "kill"
    """The kernel kills one process; the container goes on."""
    GROUP = "group"
    """The whole container dies (cgroup v2; the stock driver's choice there)."""
    PAUSE = "pause"
    """Its processes wait for memory (cgroup v1; the stock driver's choice there)."""


class PrivilegedPolicy(StrEnum):
    """What to do with a template that asks for LXC_UNPRIVILEGED=no."""

    CONVERT = "convert"
    """Run it unprivileged and say so in the VM's log."""
    REFUSE = "refuse"
    ALLOW = "allow"


class RawPolicy(StrEnum):
    """What to do with a line of RAW/DATA that is not allowed."""

    DROP = "drop"
    """Leave the line out and say so in the VM's log."""
    REFUSE = "refuse"


class AfterBoot(StrEnum):
    """What becomes of the containers that ran when the host went down."""

    LEAVE = "leave"
    """They stay off, and OpenNebula is told POWEROFF."""
    START = "start"
    """They are started, unless another host could have their disks."""
    START_SHARED = "start-shared"
    """They are started, also where their disks are on shared storage."""


class NodePolicy(Value):
    """The `[driver]` table of the node's configuration. Durations in seconds."""

    cpu_quota: CpuQuota = CpuQuota.OFF
    oom: OomPolicy = OomPolicy.KILL
    limit_swap: bool = False
    """Without LXC_SWAP: true means no swap at all, false no limit."""
    pids: int | None = None
    mount_point: str = "/media/one-disk.{id}"
    """Where a data disk without an absolute TARGET goes; {id} is its DISK_ID."""
    context_mount_point: str = "/context"
    filesystem: str = "ext4"
    """The file system of a volatile disk whose template names none."""

    settle_seconds: float = 1.0
    """How long a container's init must stay alive before deploy reports success."""
    start_timeout: float = 120.0
    shutdown_timeout: float = 120.0
    exec_timeout: float = 3600.0
    after_boot: AfterBoot = AfterBoot.LEAVE

    privileged: PrivilegedPolicy = PrivilegedPolicy.CONVERT
    raw: RawPolicy = RawPolicy.DROP
    raw_allow: tuple[str, ...] = ()
    """Keys that the node allows in RAW/DATA beside the built-in list."""
    nesting: bool = False
    tun: bool = False
    fuse: bool = False

    id_pool_start: int = 1_100_000_000
    """The first host id of the pool: above the ranges that LXD (1000000+1000000000) and the
    stock driver (600100001+65536) use; with its slots it ends below 2^31."""
    id_pool_slots: int = 8192

    datastores: str = "/var/lib/one/datastores"
    datastore_targets: tuple[str, ...] = ()
    """Real directories to which oneadmin's symlinks in `datastores` may lead."""
    profiles: str = "/var/tmp/one/etc/vmm/lxc/profiles"  # noqa: S108 - OpenNebula's place
    """Where LXC_PROFILES are looked up. Lines of a file that others than root can write pass
    the same allow-list as RAW/DATA."""
    state: str = "/var/lib/nebulxc/ct"
    lxc: str = "/var/lib/lxc"
    """LXC's own directory (`lxc-config lxc.lxcpath`): there lxc-ls, lxc-info and lxc-start look."""
    log: str = "/var/log/nebulxc"
    journal: str = "/var/lib/nebulxc/journal.jsonl"
    hook: str = "/opt/nebulxc/bin/nebulxc-hook"
    """What LXC runs; the same path over upgrades, since running containers refer to it."""
    seccomp: str = "/usr/share/lxc/config/common.seccomp"
    lxcfs: str = "/var/lib/lxcfs"
    console_log_bytes: int = 1 << 20
    console_command: tuple[str, ...] = ("/bin/login",)
    """What a viewer of the console meets, as root inside the container."""
    log_days: float = 7.0
