"""Small attribute files of /sys, and what a block device is according to them.

Nothing here opens a device node or asks a loop driver: LOOP_GET_STATUS stats the backing file and
hangs with it when that lies on a dead FUSE or NFS, and truncates the name at 63 characters.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_LVM_UUID = re.compile(r"LVM-\w{64}")


@dataclass(frozen=True, slots=True)
class BlockDevice:
    """One block device as sysfs has it now.

    `kind` is "disk", "partition", "loop", "lvm" (a logical volume), "lvm-internal" (a layer below
    one: it counts the same I/O again), "dm" or "rbd". `source` is what it shows: a backing file's
    absolute path, "vg/lv", a dm name, "pool/image" or "pool/namespace/image", with "@snapshot" for
    a mapped snapshot; "" when nothing is attached. `seq` is the kernel's diskseq, 0 before
    Linux 5.15: another number is another medium under the same name.
    """

    major: int
    minor: int
    name: str
    kind: str
    source: str = ""
    seq: int = 0


def text(path: Path) -> str | None:
    """An attribute without its newline; None where it is missing or does not answer.

    Only the one newline goes: a backing file's name may end in a space. Bytes that are not UTF-8
    come as surrogates, so that the text still names the file.
    """
    try:
        return os.fsdecode(path.read_bytes().removesuffix(b"\n"))
    except OSError:
        return None


def printable(name: str) -> str:
    """`name` fit for a label: undecodable bytes replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def block_device(root: Path, major: int, minor: int) -> BlockDevice | None:
    """The block device of this number, or None when there is none."""
    try:
        where = (root / f"sys/dev/block/{major}:{minor}").resolve(strict=True)
    except OSError:
        return None
    kind, source = _kind(root, where)
    seq = text(where / "diskseq")
    return BlockDevice(
        major, minor, where.name.replace("!", "/"), kind, source, int(seq) if seq else 0
    )


def _kind(root: Path, where: Path) -> tuple[str, str]:
    if (where / "partition").exists():
        return "partition", where.parent.name
    if where.name.startswith("dm-"):
        return _device_mapper(where / "dm")
    if where.name.startswith("loop"):
        return "loop", text(where / "loop/backing_file") or ""
    if re.fullmatch(r"rbd\d+", where.name):
        return "rbd", rbd_source(root / "sys/bus/rbd/devices" / where.name[3:])
    return "disk", ""


def _device_mapper(dm: Path) -> tuple[str, str]:
    name, uuid = text(dm / "name") or "", text(dm / "uuid") or ""
    if not uuid.startswith("LVM-"):
        return "dm", name
    parts = lvm_names(name)
    whole = _LVM_UUID.fullmatch(uuid) is not None and len(parts) == 2  # noqa: PLR2004 (vg, lv)
    return "lvm" if whole else "lvm-internal", "/".join(parts)


def lvm_names(dm_name: str) -> list[str]:
    """[vg, lv] or [vg, lv, layer] of a dm name: LVM joins them by "-" and doubles their own."""
    return [part.replace("--", "-") for part in re.split(r"(?<!-)-(?!-)", dm_name)]


def rbd_source(device: Path) -> str:
    """ "pool/image" of /sys/bus/rbd/devices/N, with namespace and snapshot where it has them."""
    pool, image = text(device / "pool"), text(device / "name")
    if not pool or not image:
        return ""
    space, snapshot = text(device / "pool_ns"), text(device / "current_snap")
    path = f"{pool}/{space}/{image}" if space else f"{pool}/{image}"
    return path if snapshot in (None, "", "-") else f"{path}@{snapshot}"
