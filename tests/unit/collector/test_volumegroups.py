"""Which devices are looked at, on a sysfs made by hand, and which groups are told."""

from pathlib import Path

from collector.lvm import VolumeGroup
from collector.metrics.host_volume_groups import merged
from collector.volumegroups import candidates


def device(root: Path, path: str, uuid: str = "", size: str = "2048", below: str = "") -> None:
    """`path` below /sys/devices, on top of the device `below`."""
    name = path.rpartition("/")[2]
    where, block = root / "sys/devices" / path, root / "sys/class/block"
    block.mkdir(parents=True, exist_ok=True)
    for part in ("holders", "slaves"):
        (where / part).mkdir(parents=True)
    (where / "size").write_text(f"{size}\n")
    if "/" in path:
        (where / "partition").write_text("1\n")
    if uuid:
        (where / "dm").mkdir()
        (where / "dm/uuid").write_text(f"{uuid}\n")
    (block / name).symlink_to(where)
    if below:
        (where / "slaves" / below).mkdir()
        (block / below / "holders" / name).mkdir()


def test_disks_partitions_and_what_is_made_of_them(tmp_path: Path) -> None:
    for path in ("sda", "sda/sda1", "sda/sda2", "sdb", "sdc", "nvme0n1", "md127", "cciss!c0d0"):
        device(tmp_path, path)
    device(tmp_path, "dm-0", "mpath-36001", below="sdc")
    device(tmp_path, "dm-1", "CRYPT-LUKS2-ab", below="sdb")
    for path in ("sr0", "fd0", "ram0", "zram0"):
        device(tmp_path, path)
    device(tmp_path, "sdz", size="0")
    assert candidates(tmp_path) == [
        "cciss!c0d0", "dm-0", "dm-1", "md127", "nvme0n1", "sda1", "sda2", "sdb"
    ]  # fmt: skip


def test_what_guests_write_to_is_never_looked_at(tmp_path: Path) -> None:
    for path in ("loop0", "loop0/loop0p1", "rbd0", "rbd1", "rbd1/rbd1p1", "nbd0", "zd16", "sda"):
        device(tmp_path, path)
    device(tmp_path, "dm-0", "LVM-" + "x" * 64, below="sda")
    device(tmp_path, "dm-1", "part1-LVM-" + "x" * 64, below="dm-0")
    device(tmp_path, "dm-2", "CRYPT-LUKS2-ab", below="dm-0")
    device(tmp_path, "dm-3", "CRYPT-LUKS2-cd", below="rbd0")
    assert candidates(tmp_path) == ["sda"]


def test_a_machine_without_disks(tmp_path: Path) -> None:
    assert candidates(tmp_path) == []


def test_of_several_texts_of_a_group_the_newest_is_told() -> None:
    old, new = VolumeGroup("a", "old", 3, 9, 8), VolumeGroup("a", "vg", 4, 9, 7)
    other = VolumeGroup("b", "data", 1, 5, 5)
    assert merged([new, old, new, other]) == [other, new]


def test_a_name_of_two_groups_is_not_told() -> None:
    one, two = VolumeGroup("a", "vg", 3, 9, 8), VolumeGroup("b", "vg", 4, 9, 7)
    assert merged([one, two, VolumeGroup("c", "data", 1, 5, 5)]) == [
        VolumeGroup("c", "data", 1, 5, 5)
    ]
