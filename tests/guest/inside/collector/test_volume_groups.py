"""Volume groups beside vgs, and as OpenNebula is told of them; lvm2 changes them meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from boxes.reading import Read, Reading
from boxes.shell import sh, until
from boxes.volume import VG, Volume

from collector.datastores import Capacity, datastores, monitored, volume_groups
from collector.lvm import VolumeGroup
from collector.reading import Reading as Latest
from collector.volumegroups import Texts, candidates, on_device

pytestmark = pytest.mark.guest

MORE = "nxlv-more"
SIZE, FREE = "lxc_host_volume_group_size_bytes", "lxc_host_volume_group_free_bytes"


@pytest.fixture
def more() -> Iterator[str]:
    """A group on two halves of the spare disk."""
    sh("printf 'label: gpt\\nsize=400MiB\\nsize=400MiB\\n' | sfdisk -q /dev/vdc && udevadm settle")
    sh(f"pvcreate -q -y /dev/vdc1 /dev/vdc2 && vgcreate -q {MORE} /dev/vdc1 /dev/vdc2")
    yield MORE
    sh("pvmove -q --abort", check=False)
    sh(f"vgremove -q -ff -y {MORE} && pvremove -q -y /dev/vdc1 /dev/vdc2")
    # udev looks at what was written, and what it has open cannot be taken away.
    sh("udevadm settle && wipefs -q -a /dev/vdc && udevadm settle")
    sh("timeout 300 sh -c 'until blockdev --rereadpt /dev/vdc; do sleep 1; done'; udevadm settle")


def said(group: str) -> tuple[int, int]:
    """Size and free bytes by vgs."""
    size, free = sh(f"vgs --noheadings --units b --nosuffix -o vg_size,vg_free {group}").split()
    return int(size), int(free)


def read_now(group: str) -> tuple[int, int]:
    """Size and free bytes by the disks."""
    root, texts = Path("/"), Texts()
    found = [on_device(root, name, texts) for name in candidates(root)]
    mine: set[VolumeGroup] = {each for each in found if each and each.name == group}
    (one,) = mine
    return one.size, one.free


def told(read: Read) -> Reading:
    """The first cycle that knows the group of the image: it is read aside."""

    def once() -> Reading | None:
        found = read()
        return None if found.get(SIZE, vg=VG) is None else found

    return until(once)


def agreed(group: str) -> bool:
    """Whether the disks and vgs say the same; false where it changed in between."""
    before = sh(f"vgs --noheadings -o vg_seqno {group}")
    ours, theirs = read_now(group), said(group)
    if sh(f"vgs --noheadings -o vg_seqno {group}") != before:
        return False
    assert ours == theirs
    return True


@pytest.mark.parametrize(
    "make",
    [
        "lvcreate -q -y -L 40m -n a {vg}",
        "lvcreate -q -y -i 2 -L 40m -n a {vg}",
        "lvcreate -q -y --type raid1 -m 1 --nosync -L 40m -n a {vg}",
        "lvcreate -q -y --type mirror -m 1 --mirrorlog core --nosync -L 40m -n a {vg}",
        "lvcreate -q -y -L 80m -V 1g -n b --thinpool {vg}/a",
        "lvcreate -q -y -L 40m -n a {vg}; lvcreate -q -y -s -L 20m -n b {vg}/a",
        "lvcreate -q -y -L 40m -n a {vg}; pvmove -q -b -i +300 -n a /dev/vdc1",
        "lvcreate -q -y -L 40m -n a {vg}; lvremove -q -y {vg}/a",
    ],
    ids=["linear", "striped", "raid1", "mirror", "thin", "snapshot", "pvmove", "removed"],
)
def test_what_is_free_is_what_vgs_says(more: str, make: str) -> None:
    whole = read_now(more)
    assert whole == said(more)
    assert whole[0] == whole[1]
    sh(make.format(vg=more))
    # A move goes on by itself, and takes its extents twice until it is done.
    assert until(lambda: agreed(more))


def test_a_partitions_disk_and_logical_volumes_are_not_asked(more: str, volume: Volume) -> None:
    inner = volume("lv-one-7-0", thin=False)
    sh(f"pvcreate -q -y --config 'devices/scan_lvs=1' {inner}")
    found = candidates(Path("/"))
    assert {"vdb", "vdc1", "vdc2"} <= set(found)
    assert not [name for name in found if name == "vdc" or name.startswith("dm-")]
    assert read_now(more) == said(more)


def test_a_cycle_tells_them(read: Read, volume: Volume) -> None:
    volume("lv-one-7-0", thin=False)
    found = told(read)
    assert (found.value(SIZE, vg=VG), found.value(FREE, vg=VG)) == said(VG)


def test_opennebula_is_told_of_its_datastore(read: Read, tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0/.monitor").write_text("fs_lvm_ssh\n")
    found = told(read)
    (row,) = [row for row in found.cycle.rows if row.entity.kind == "host"]
    groups = volume_groups(Latest(row, found.cycle.stamp))
    ((number, place),) = datastores(tmp_path)
    size, free = said(VG)
    assert number == 0
    assert monitored(place, groups) == Capacity(size - free, size, free)
