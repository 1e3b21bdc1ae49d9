"""Which disk of which VM: whole names and identities, never parts of names."""

import json
from pathlib import Path

import pytest

from collector.diskids import by_driver, by_file, by_name
from collector.sysfs import BlockDevice


def lv(source: str) -> BlockDevice:
    return BlockDevice(253, 0, "dm-0", "lvm", source)


def rbd(source: str) -> BlockDevice:
    return BlockDevice(252, 0, "rbd0", "rbd", source)


def loop(path: Path | str, seq: int = 0) -> BlockDevice:
    return BlockDevice(7, 0, "loop0", "loop", str(path), seq)


@pytest.mark.parametrize(
    ("device", "vmid", "disk"),
    [
        (lv("vg-one-0/lv-one-7-0"), 7, "0"),
        (lv("vg-one-0/lv-one-7-10"), 7, "10"),
        (lv("vg-one-0/lv-one-70-1"), 7, None),
        (lv("vg-one-0/lv-one-7-0_s0"), 7, None),
        (lv("vg-one-0/my-lv-one-7-0"), 7, None),
        (rbd("one/one-12-1-0"), 1, "0"),
        (rbd("one/one-12-10-0"), 1, None),
        (rbd("one/one-sys-1-3"), 1, "3"),
        (rbd("one/space/one-12-1-4"), 1, "4"),
        (rbd("one/one-12"), 12, None),
        (rbd("one/one-12-1-0@snap"), 1, None),
        (BlockDevice(253, 6, "dm-6", "lvm-internal", "vg-one-0/lv-one-7-0/real"), 7, None),
        (loop("/srv/lv-one-7-0"), 7, None),
    ],
)
def test_names_must_match_wholly(device: BlockDevice, vmid: int, disk: str | None) -> None:
    assert by_name(device, vmid) == disk


@pytest.fixture
def datastores(tmp_path: Path) -> Path:
    for vmid in ("1", "10"):
        home = tmp_path / "datastores/0" / vmid
        home.mkdir(parents=True)
        for disk in ("disk.1", "disk.10"):
            (home / disk).write_text(vmid + disk)
    return tmp_path / "datastores"


def test_one_is_not_ten(datastores: Path) -> None:
    home = datastores / "0/1"
    assert by_file(loop(home / "disk.1"), 1, datastores, Path("/")) == "1"
    assert by_file(loop(home / "disk.10"), 1, datastores, Path("/")) == "10"
    assert by_file(loop(home / "disk.1"), 10, datastores, Path("/")) is None


def test_a_persistent_image_is_found_through_its_link(datastores: Path) -> None:
    image = datastores / "1/0a1b"
    image.parent.mkdir()
    image.write_text("image")
    (datastores / "0/1/disk.2").symlink_to(image)
    assert by_file(loop(image), 1, datastores, Path("/")) == "2"


def test_another_path_of_the_same_file_is_found(datastores: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.symlink_to(datastores)
    assert by_file(loop(other / "0/1/disk.1"), 1, datastores, Path("/")) == "1"


def test_a_deleted_file_is_nobodys_even_when_a_new_one_took_its_name(datastores: Path) -> None:
    assert by_file(loop(f"{datastores}/0/1/disk.1 (deleted)"), 1, datastores, Path("/")) is None


def test_a_snapshot_directory_beside_the_disk_is_not_a_disk(datastores: Path) -> None:
    snapshots = datastores / "0/1/disk.3.snap"
    snapshots.mkdir()
    (snapshots / "0").write_text("base")
    (datastores / "0/1/disk.3").symlink_to(snapshots / "0")
    assert by_file(loop(snapshots / "0"), 1, datastores, Path("/")) == "3"


def test_the_same_file_as_two_disks_is_unknown(datastores: Path) -> None:
    home = datastores / "0/1"
    (home / "disk.4").symlink_to(home / "disk.1")
    assert by_file(loop(home / "disk.1"), 1, datastores, Path("/")) is None


def test_a_dangling_link_and_a_missing_datastore_are_no_match(datastores: Path) -> None:
    (datastores / "0/1/disk.5").symlink_to("/nowhere/at/all")
    assert by_file(loop(datastores / "0/1/disk.1"), 1, datastores, Path("/")) == "1"
    assert by_file(loop("/nowhere"), 1, datastores / "missing", Path("/")) is None


def driver_says(path: Path, entries: object) -> Path:
    path.write_text(json.dumps(entries))
    return path


def test_the_drivers_file_decides_last(tmp_path: Path) -> None:
    path = driver_says(
        tmp_path / "disks.json",
        [{"disk_id": 0, "device": "loop0", "diskseq": 9}, {"disk_id": 2, "device": "/dev/loop10"}],
    )
    assert by_driver(loop("/export.raw", seq=9), path) == "0"
    assert by_driver(loop("/export.raw", seq=10), path) is None
    assert by_driver(BlockDevice(7, 10, "loop10", "loop", "", 3), path) == "2"


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"a": 1}', '[{"disk_id": "x"}]', "[[]]"])
def test_a_drivers_file_of_another_shape_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "disks.json").write_text(content)
    assert by_driver(loop("/x"), tmp_path / "disks.json") is None
    assert by_driver(loop("/x"), tmp_path / "missing") is None
