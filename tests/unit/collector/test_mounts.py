"""Mount tables of real containers, and lines no kernel writes."""

import json
import os
from pathlib import Path

import pytest

from collector.formats import FormatError
from collector.group import Gone
from collector.mounts import DISKS_MAX, Disk, Mount, block_number, disks, parse, read

CAPTURES = Path(__file__).parents[2] / "captures"
V2, HYBRID = CAPTURES / "debian12-6.1-lvm", CAPTURES / "debian12-6.18-hybrid"


def table(root: Path, pid: int, most: int = 1 << 20) -> list[Mount]:
    proc = os.open(root / f"proc/{pid}", os.O_PATH)
    try:
        return read(proc, most)
    finally:
        os.close(proc)


def line(number: str, root: str, point: str, kind: str = "ext4", source: str = "/dev/x") -> bytes:
    """A line in the kernel's shape."""
    return f"1 2 {number} {root} {point} rw shared:1 - {kind} {source} rw\n".encode()


@pytest.mark.parametrize(
    ("pid", "device"), [(1660, (253, 0)), (1705, (253, 5)), (1750, (252, 0)), (675, (254, 0))]
)
def test_a_containers_root_is_a_disk_and_what_is_bound_from_the_host_is_not(
    pid: int, device: tuple[int, int]
) -> None:
    assert told(table(V2, pid)) == [(device, "/")]


def test_a_second_disk_is_told_with_its_place() -> None:
    manifest = json.loads((HYBRID / "manifest.json").read_text())
    tables = [told(table(HYBRID, pid)) for pid in manifest["containers"].values()]
    assert tables == [[((254, 0), "/")], [((7, 72), "/"), ((7, 73), "/mnt")]]


def told(mounts: list[Mount]) -> list[tuple[tuple[int, int] | None, str]]:
    return [(disk.device, disk.mount.point) for disk in disks(mounts, block_number)]


def test_escapes_and_odd_names() -> None:
    (mount,) = parse(line("7:1", "/", r"/a\040b\012c\134d", source="x\\040y"))
    assert (mount.point, mount.source) == ("/a b\nc\\d", "x y")
    assert mount.number == (7, 1)


def test_optional_fields_may_be_none_or_several() -> None:
    none, several = parse(
        b"1 2 7:1 / /a rw - ext4 s rw\n1 2 7:2 / /b rw shared:1 master:2 - ext4 s rw\n"
    )
    assert (none.point, several.point) == ("/a", "/b")


@pytest.mark.parametrize(
    "bad", [b"\n", b"1 2 x / /a rw - ext4 s rw\n", b"1 2 7:1 / /a rw - ext4\n"]
)
def test_a_line_of_another_shape_is_named(bad: bytes) -> None:
    with pytest.raises(FormatError, match="mountinfo"):
        list(parse(bad))


def test_a_device_counts_once_and_binds_of_a_part_do_not() -> None:
    mounts = list(
        parse(
            line("7:1", "/", "/")
            + line("7:1", "/", "/again")
            + line("8:1", "/sub", "/part")
            + line("8:2", "/", "/whole")
            + line("0:40", "/", "/tmp", "tmpfs", "/dev/sda")
        )
    )
    assert told(mounts) == [((7, 1), "/"), ((8, 2), "/whole")]


def test_a_root_without_device_counts_and_the_first_of_two_is_meant() -> None:
    mounts = list(parse(line("0:9", "/", "/", "overlay") + line("0:10", "/", "/", "fuse.x")))
    found = disks(mounts, block_number)
    assert [(disk.device, disk.mount.st_dev) for disk in found] == [(None, os.makedev(0, 9))]


def test_a_guest_cannot_make_many_series_or_long_ones() -> None:
    many = b"".join(line(f"7:{n}", "/", f"/{n}") for n in range(100))
    assert len(told(list(parse(line("8:1", "/", "/") + many)))) == DISKS_MAX
    long = line("7:9", "/", "/" + "x" * 300)
    assert told(list(parse(line("8:1", "/", "/") + long))) == [((8, 1), "/")]


def test_a_table_that_is_too_long_is_cut_at_a_line(tmp_path: Path) -> None:
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/1/mountinfo").write_bytes(line("8:1", "/", "/") * 1000)
    assert len(table(tmp_path, 1, most=1000)) == 1000 // len(line("8:1", "/", "/"))


def test_an_ended_process_is_gone(tmp_path: Path) -> None:
    (tmp_path / "proc/1").mkdir(parents=True)
    with pytest.raises(Gone):
        table(tmp_path, 1)


def test_only_btrfs_may_name_its_device_by_source() -> None:
    (tmpfs,) = parse(line("0:40", "/", "/", "tmpfs", "/dev/null"))
    (btrfs,) = parse(line("0:41", "/", "/", "btrfs", "/dev/nowhere"))
    assert block_number(tmpfs) is None
    assert block_number(btrfs) is None


def test_btrfs_is_not_held_to_the_number_in_its_line() -> None:
    (btrfs, ext4) = parse(line("0:41", "/", "/", "btrfs") + line("7:1", "/", "/", "ext4"))
    assert Disk(btrfs, (8, 1)).expected is None
    assert Disk(ext4, (7, 1)).expected == os.makedev(7, 1)
