import os
from pathlib import Path

from collector.datastores import (
    Capacity,
    capacity,
    datastores,
    disk_bytes,
    has_rbd,
    monitored,
    volume_groups,
)
from collector.model import MISSING, Column, Entity, Row, Stamp
from collector.reading import Reading


def image(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))


def test_only_the_vms_own_disks_are_counted(tmp_path: Path) -> None:
    image(tmp_path / "0/7/disk.0", 8192)
    image(tmp_path / "0/7/disk.10", 4096)
    image(tmp_path / "0/7/disk.1.snap", 4096)
    image(tmp_path / "0/7/disk.0.snap/3", 4096)
    image(tmp_path / "0/7/disk.0.snap/12", 4096)
    image(tmp_path / "0/7/disk.0.snap/current", 4096)
    image(tmp_path / "0/7/disk.0.other/1", 4096)
    image(tmp_path / "0/70/disk.0", 4096)
    image(tmp_path / "1/persistent", 4096)
    (tmp_path / "0/7/disk.2").symlink_to(tmp_path / "1/persistent")
    (tmp_path / "0/7/disk.3").symlink_to("/dev/null")
    (tmp_path / "0/7/disk.4").symlink_to("nowhere")
    assert disk_bytes(str(tmp_path / "0"), {7}) == {
        7: {(0,): 8192, (10,): 4096, (2,): 4096, (0, 3): 4096, (0, 12): 4096}
    }
    assert disk_bytes(str(tmp_path / "missing"), {7}) == {}


def test_a_volume_takes_all_of_itself(tmp_path: Path) -> None:
    # Hardware first: a loop may be given to somebody else's image at any moment.
    device = min(Path("/sys/block").iterdir(), key=lambda path: not (path / "device").exists())
    node = Path("/dev") / device.name
    assert node.is_block_device(), "needs a device node per disk, as udev makes them"
    (tmp_path / "7").mkdir()
    (tmp_path / "7/disk.0").symlink_to(node)
    sectors = int((device / "size").read_text())
    assert disk_bytes(str(tmp_path), {7}) == {7: {(0,): sectors * 512}}


def test_a_sparse_image_takes_what_it_takes(tmp_path: Path) -> None:
    image(tmp_path / "0/7/disk.0", 4096)
    os.truncate(tmp_path / "0/7/disk.0", 1 << 30)
    assert disk_bytes(str(tmp_path / "0"), {7})[7][0,] < 1 << 20


def test_an_image_of_ceph_is_known_from_sysfs(tmp_path: Path) -> None:
    assert not has_rbd(tmp_path)
    (tmp_path / "sys/bus/rbd/devices").mkdir(parents=True)
    assert not has_rbd(tmp_path), "the module alone"
    (tmp_path / "sys/bus/rbd/devices/0").mkdir()
    assert has_rbd(tmp_path)


def test_disks_of_marked_datastores_alone(tmp_path: Path) -> None:
    image(tmp_path / "0/7/disk.1", 4096)
    assert disk_bytes(str(tmp_path / "0"), {7}, marked=True) == {}
    (tmp_path / "0/.monitor").write_text("ssh\n")
    assert disk_bytes(str(tmp_path / "0"), {7}, marked=True).keys() == {7}


def test_only_marked_datastores_are_told(tmp_path: Path) -> None:
    for name in ("0", "100", "one", "007"):
        (tmp_path / name).mkdir()
    (tmp_path / "100/.monitor").write_text("ssh\n")
    (tmp_path / "007/.monitor").write_text("ssh\n")
    told = {number: monitored(path, {}) is not None for number, path in datastores(tmp_path)}
    assert told == {0: False, 100: True}


def test_what_is_no_file_system_is_not_told_as_one(tmp_path: Path) -> None:
    for driver, told in (("", True), ("qcow2\n", True), ("fs_lvm_ssh\n", False), ("ceph", False)):
        (tmp_path / ".monitor").write_text(driver)
        assert (monitored(str(tmp_path), {}) is not None) is told


def host(groups: dict[str, tuple[float, float]]) -> Reading:
    names = ("lxc_host_volume_group_size_bytes", "lxc_host_volume_group_free_bytes")
    columns = tuple(Column(name, (("vg", vg),)) for vg in groups for name in names)
    values = [value for pair in groups.values() for value in pair]
    return Reading(Row(Entity("host", "h", ()), 1, columns, values), Stamp(0, 0, "b"))


def test_a_datastore_on_lvm_is_the_volume_group_of_its_id(tmp_path: Path) -> None:
    groups = volume_groups(host({"vg-one-100": (300.0, 100.0), "vg-one-101": (9.0, MISSING)}))
    assert groups == {"vg-one-100": Capacity(200, 300, 100)}
    for driver in ("", "fs_lvm\n", "fs_lvm_ssh"):
        for number in ("10", "100", "101"):
            (tmp_path / number).mkdir(exist_ok=True)
            if driver:
                (tmp_path / number / ".monitor").write_text(driver)
        told = {number: monitored(path, groups) for number, path in datastores(tmp_path)}
        assert told == {10: None, 100: Capacity(200, 300, 100), 101: None}


def test_without_a_reading_there_are_no_volume_groups() -> None:
    assert volume_groups(None) == {}
    assert volume_groups(host({})) == {}


def test_capacity_adds_up(tmp_path: Path) -> None:
    found = capacity(tmp_path)
    assert found is not None
    assert 0 < found.used < found.total
    assert found.used + found.free <= found.total
    assert capacity(tmp_path / "missing") is None
