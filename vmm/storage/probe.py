"""What is on a disk, told from its first bytes alone. Imported by hooks: keep it lean."""

from vmm.errors import DriverError

HEAD_BYTES = 68 * 1024
"""How much of a disk `probe` wants to see: the superblock of btrfs is the farthest."""

EMPTY, PARTITIONED, UNKNOWN = "empty", "partitioned", "unknown"
MOUNTABLE = frozenset({"ext4", "xfs", "btrfs"})

SIGNATURES = (
    ("xfs", 0, b"XFSB"),
    ("ext4", 0x438, b"\x53\xef"),
    ("btrfs", 0x10040, b"_BHRfS_M"),
    ("iso9660", 0x8001, b"CD001"),
    ("swap", 4086, b"SWAPSPACE2"),
    ("qcow2", 0, b"QFI\xfb"),
    ("luks", 0, b"LUKS\xba\xbe"),
    ("lvm", 536, b"LVM2 001"),
    ("squashfs", 0, b"hsqs"),
    ("f2fs", 0x400, b"\x10\x20\xf5\xf2"),
)
"""(what, where, magic) of what can stand alone on a disk. ext4's driver mounts ext2 and 3 too."""

PARTITION_ENTRIES = range(446, 510, 16)
PARTITION_FLAGS = (0x00, 0x80)


def probe(head: bytes) -> str:
    """One name of SIGNATURES, or EMPTY, PARTITIONED, UNKNOWN.

    Two signatures at once are UNKNOWN: to mount the older one destroys the newer.
    """
    found = [name for name, at, magic in SIGNATURES if head[at : at + len(magic)] == magic]
    if len(found) == 1:
        return found[0]
    if found:
        return UNKNOWN
    if head[512:520] == b"EFI PART" or _has_partitions(head[:512]):
        return PARTITIONED
    return UNKNOWN if head.strip(b"\0") else EMPTY


def _has_partitions(sector: bytes) -> bool:
    """Whether the sector is a DOS partition table: signed, flags plausible, one type set."""
    if sector[510:512] != b"\x55\xaa":
        return False
    flags = [sector[at] for at in PARTITION_ENTRIES]
    types = [sector[at + 4] for at in PARTITION_ENTRIES]
    return all(flag in PARTITION_FLAGS for flag in flags) and any(types)


REFUSALS = {
    EMPTY: ("is empty", "put a file system on the image: ext4, xfs or btrfs"),
    PARTITIONED: (
        "has a partition table",
        "make an image of the root partition alone: a container mounts a file system, not a disk",
    ),
    UNKNOWN: ("has no file system that is known here", "use ext4, xfs or btrfs"),
    "qcow2": ("is a qcow2 image, not raw", "convert it: qemu-img convert -O raw"),
    "luks": ("is encrypted", "use an image without LUKS"),
}


def mountable(kind: str, what: str) -> str:
    """`kind` when a container can have it mounted; DriverError with the remedy otherwise."""
    if kind in MOUNTABLE:
        return kind
    problem, remedy = REFUSALS.get(kind, (f"holds {kind}", "use ext4, xfs or btrfs"))
    raise DriverError(f"{what} {problem}", remedy)
