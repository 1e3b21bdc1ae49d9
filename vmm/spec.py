"""What OpenNebula asks for, as values: the VM, its disks, NICs and limits, and the action.

Plain text, numbers and tuples only, so that a spec can be written to and read from JSON.
Every value was validated where it entered (`vmm.opennebula`): no control characters, ids exact,
names of interfaces at most 15 characters, sizes in bytes.
"""

from enum import StrEnum

from vmm.lean.value import Value


class DiskKind(StrEnum):
    """Where the content of a disk comes from."""

    IMAGE = "image"
    """A registered image, cloned or linked into the VM's directory."""
    VOLATILE = "volatile"
    """TYPE="fs": an empty file that gets a file system when it has none."""
    SWAP = "swap"
    """TYPE="swap": a container has no use for it; it is not attached, as in the stock driver."""
    CONTEXT = "context"
    """The ISO image that OpenNebula writes before each start."""


class DiskType(StrEnum):
    """What the source of a disk is."""

    FILE = "file"
    BLOCK = "block"
    RBD = "rbd"


class Disk(Value):
    """One disk of a VM.

    `source` is the path of the image on this node: `DATASTORES/DS/VMID/disk.N` as computed from
    ids, or, once located (`vmm.located`), the path of the very file with every symlink resolved.
    Open a located path with O_NOFOLLOW. `image` is SOURCE: the pool and image of an RBD disk.
    `mount_point` is absolute inside the container, "/" for the root disk and "" for swap.
    """

    disk_id: int
    kind: DiskKind
    source: str
    mount_point: str
    type: DiskType = DiskType.FILE
    format: str = "raw"
    filesystem: str = ""
    """The file system that a volatile disk asks for (FS); "" where the node's default is taken."""
    readonly: bool = False
    size_bytes: int | None = None
    datastore_id: int | None = None
    """The datastore of the image; None for volatile disks and the context."""
    image: str = ""

    @property
    def is_root(self) -> bool:
        """Whether this disk holds the container's root."""
        return self.mount_point == "/"


class Nic(Value):
    """One network interface: its host end on a bridge, its guest end inside the container."""

    nic_id: int
    bridge: str
    host_name: str
    """The name of the host end, NIC/TARGET. OpenNebula's network drivers look for it."""
    guest_name: str
    """ethN with N the NIC_ID, as the ETHn variables of the context count."""
    mac: str
    mtu: int | None = None
    bridge_type: str = "linux"
    driver: str | None = None
    """VN_MAD, OpenNebula's network driver; "" without one, None where it was not recorded."""
    attach: bool = False
    """Set on the one NIC that an attach or detach action is about."""


class Limits(Value):
    """What the VM may use. Absent (None) means without limit."""

    cpu: float
    """CPU: a weight by default; the node's config may make it a quota."""
    memory_bytes: int
    vcpu: int | None = None
    swap_bytes: int | None = None
    """LXC_SWAP: swap alone, beside the memory."""
    cpus: str = ""
    """The pinned CPUs in cpuset notation, "" without pinning."""
    mems: str = ""
    """The memory nodes of the pinning in cpuset notation."""


class Graphics(Value):
    """The console that the template asks for."""

    type: str
    port: int | None
    listen: str
    password: str = ""

    def __repr__(self) -> str:
        return f"Graphics({self.type}, {self.listen}:{self.port})"


class RawLine(Value):
    """One line of RAW/DATA of type lxc, in the order of the template."""

    key: str
    value: str


class VmSpec(Value):
    """A VM as OpenNebula describes it."""

    vmid: int
    limits: Limits
    datastore_id: int
    """The system datastore of the VM on this host."""
    disks: tuple[Disk, ...] = ()
    nics: tuple[Nic, ...] = ()
    aliases: tuple[str, ...] = ()
    """The MAC addresses of NIC aliases: further addresses of a NIC, and no devices."""
    wants_unprivileged: bool = True
    raw: tuple[RawLine, ...] = ()
    profiles: tuple[str, ...] = ()
    graphics: Graphics | None = None
    lcm_state: int | None = None
    """OpenNebula's life-cycle state at the time of the message: tells a suspend from a stop."""

    @property
    def name(self) -> str:
        """The container's name, which is also its DEPLOY_ID."""
        return f"one-{self.vmid}"

    @property
    def root(self) -> Disk | None:
        """The disk that holds the root; None where the VM has no disk."""
        return next((disk for disk in self.disks if disk.is_root), None)


class Message(Value):
    """One action that OpenNebula asks of this host."""

    action: str
    vm: VmSpec
    arguments: tuple[str, ...] = ()
    """The action's own arguments, without the trailing VMID and host name."""
