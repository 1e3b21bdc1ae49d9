"""What block devices are, read from the trees of a real host with LVM and mapped RBD images."""

from pathlib import Path

import pytest

from collector.sysfs import BlockDevice, block_device, lvm_names, printable, text

CAPTURES = Path(__file__).parents[2] / "captures"
LVM, RBD = CAPTURES / "debian12-6.1-lvm", CAPTURES / "debian12-6.1-rbd"


@pytest.mark.parametrize(
    ("number", "kind", "source"),
    [
        ((254, 0), "disk", ""),
        ((253, 0), "lvm", "vg-one-0/lv-one-7-0"),
        ((253, 5), "lvm", "vg-one-0/lv-one-8-0"),
        ((253, 6), "lvm-internal", "vg-one-0/lv-one-7-0/real"),
        ((253, 3), "lvm-internal", "vg-one-0/tp0/tpool"),
        ((253, 2), "lvm-internal", "vg-one-0/tp0_tdata"),
        ((253, 8), "lvm", "vg-one-0/lv-one-7-0_s0"),
    ],
)
def test_device_mapper_devices_are_told_apart(
    number: tuple[int, int], kind: str, source: str
) -> None:
    device = block_device(LVM, *number)
    assert device is not None
    assert (device.kind, device.source) == (kind, source)


def test_rbd_images_clones_and_snapshots() -> None:
    devices = [block_device(RBD, 252, minor) for minor in (0, 16, 32)]
    assert [(d.name, d.kind, d.source) for d in devices if d] == [
        ("rbd0", "rbd", "one/lxc-0"),
        ("rbd1", "rbd", "one/lxc-1"),
        ("rbd2", "rbd", "one/lxc-0@snap"),
    ]


def test_a_number_without_device_is_none() -> None:
    assert block_device(LVM, 253, 99) is None


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("vg-lv", ["vg", "lv"]),
        ("vg--one--0-lv--one--7--0", ["vg-one-0", "lv-one-7-0"]),
        ("vg--one--0-lv--one--7--0-real", ["vg-one-0", "lv-one-7-0", "real"]),
        ("a----b-c", ["a--b", "c"]),
    ],
)
def test_lvm_names_undo_the_doubled_dashes(name: str, parts: list[str]) -> None:
    assert lvm_names(name) == parts


def made_by_hand(root: Path, name: str, number: str, **files: str) -> Path:
    """A device in the shape of sysfs; no kernel gave these names."""
    where = root / "sys/devices/virtual/block" / name
    for file, content in {"dev": number + "\n", **files}.items():
        path = where / file.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    links = root / "sys/dev/block"
    links.mkdir(parents=True, exist_ok=True)
    (links / number).symlink_to(where)
    return where


def test_a_slash_in_a_kernel_name_comes_back(tmp_path: Path) -> None:
    made_by_hand(tmp_path, "cciss!c0d0", "104:0")
    assert block_device(tmp_path, 104, 0) == BlockDevice(104, 0, "cciss/c0d0", "disk")


def test_a_partition_names_its_disk(tmp_path: Path) -> None:
    made_by_hand(tmp_path, "sda/sda1", "8:1", partition="1\n")
    assert block_device(tmp_path, 8, 1) == BlockDevice(8, 1, "sda1", "partition", "sda")


def test_other_device_mapper_devices_keep_their_name(tmp_path: Path) -> None:
    made_by_hand(tmp_path, "dm-0", "253:0", dm__name="luks-home\n", dm__uuid="CRYPT-LUKS2-x\n")
    assert block_device(tmp_path, 253, 0) == BlockDevice(253, 0, "dm-0", "dm", "luks-home")


def test_a_loop_without_file_has_no_source(tmp_path: Path) -> None:
    made_by_hand(tmp_path, "loop4", "7:4", diskseq="5\n")
    assert block_device(tmp_path, 7, 4) == BlockDevice(7, 4, "loop4", "loop", "", 5)


def test_text_drops_one_newline_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"/a name \n\n")
    assert text(tmp_path / "a") == "/a name \n"
    assert text(tmp_path / "missing") is None


def test_undecodable_names_become_printable(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"disk\xff\n")
    name = text(tmp_path / "a")
    assert name is not None
    assert printable(name) == "disk\ufffd"
