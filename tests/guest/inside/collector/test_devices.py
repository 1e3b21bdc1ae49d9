"""io.stat by device: what is stacked is told once, under the name the container's owner knows."""

import os

import pytest
from boxes.box import Box, Make
from boxes.reading import Read, Reading
from boxes.shell import sh
from boxes.volume import VG, Volume
from support.truth import Table

pytestmark = pytest.mark.guest

MIB = 1 << 20
WRITTEN, READ = "lxc_disk_written_bytes_total", "lxc_disk_read_bytes_total"


def moved(metric: str, before: Reading, after: Reading) -> dict[str, float]:
    """Bytes by device that the container moved between two readings."""
    earlier = before.find(metric, container="one-7")
    later = after.find(metric, container="one-7")
    return {
        dict(labels)["device"]: value - earlier.get(labels, 0.0) for labels, value in later.items()
    }


def write(box: Box, mib: int) -> None:
    box.run(f"dd if=/dev/zero of=/root/written bs=1M count={mib} conv=fsync 2>/dev/null")


@pytest.mark.parametrize("thin", [True, False], ids=["thin", "plain"])
def test_a_write_to_a_volume_is_told_once(
    make: Make, read: Read, truth: Table, volume: Volume, thin: bool
) -> None:
    box = make("one-7", device=volume("lv-one-7-0", thin=thin))
    before = read()
    write(box, 40)
    after = read()
    told = sum(moved(WRITTEN, before, after).values())
    truth.check(f"40 MiB to a {'thin' if thin else 'plain'} LV", "MiB", 40, told / MIB, 2)


def test_a_volume_with_a_snapshot_is_told_once(
    make: Make, read: Read, truth: Table, volume: Volume
) -> None:
    device = volume("lv-one-7-0", thin=False)
    box = make("one-7", device=device)
    sh(f"lvcreate -q -y -s -L 200M -n lv-one-7-0_s0 {device}")
    try:
        before = read()
        write(box, 40)
        after = read()
        told = sum(moved(WRITTEN, before, after).values())
    finally:
        sh(f"lvremove -q -y {VG}/lv-one-7-0_s0")
    truth.check("40 MiB to an LV with a snapshot", "MiB", 40, told / MIB, 2)


def test_reads_are_told_too(make: Make, read: Read, truth: Table, volume: Volume) -> None:
    box = make("one-7", device=volume("lv-one-7-0", thin=True))
    write(box, 40)
    sh("echo 3 > /proc/sys/vm/drop_caches")
    before = read()
    box.run("cat /root/written > /dev/null")
    told = sum(moved(READ, before, read()).values())
    truth.check("40 MiB read from a thin LV", "MiB", 40, told / MIB, 2)


def test_a_volume_is_known_by_group_and_name(make: Make, read: Read, volume: Volume) -> None:
    make("one-7", device=volume("lv-one-7-0", thin=True))
    found = read().find("lxc_disk_info", container="one-7")
    assert len(found) == 1
    labels = dict(next(iter(found)))
    assert labels["kind"] == "lvm"
    assert labels["source"] == f"{VG}/lv-one-7-0"
    assert labels["disk_id"] == "0"


def test_a_neighbours_flush_is_not_mine(
    make: Make, read: Read, truth: Table, volume: Volume
) -> None:
    """sync in one container writes what others left, on their devices, in its own name."""
    box = make("one-7", device=volume("lv-one-7-0", thin=False))
    neighbour = make("one-8", device=volume("lv-one-8-0", thin=False))
    neighbour.run("dd if=/dev/zero of=/root/dirty bs=1M count=30 2>/dev/null")
    before = read()
    box.run("sync")
    after = read()
    told = sum(moved(WRITTEN, before, after).values())
    truth.check("neighbour's 30 MiB flushed by sync: told", "MiB", 0, told / MIB, 2)
    lines = box.file("io.stat").splitlines()
    assert len(lines) > len(moved(WRITTEN, before, after)), "io.stat names foreign devices here"


def test_a_root_directory_is_told_by_the_disk_below(make: Make, read: Read, truth: Table) -> None:
    box = make("one-7")
    before = read()
    write(box, 40)
    by_device = moved(WRITTEN, before, read())
    told = sum(by_device.values())
    truth.check("40 MiB to a directory on vda", "MiB", 40, told / MIB, 2.5)
    assert set(by_device) == {"vda"}


def test_a_line_without_counters_is_no_disk(make: Make, read: Read) -> None:
    """A limit alone gives a device a line in io.stat, with its number and nothing else."""
    box = make("one-7")
    write(box, 4)
    idle = os.stat("/dev/vdb").st_rdev
    number = f"{os.major(idle)}:{os.minor(idle)}"
    box.limit("io.max", f"{number} rbps=1000000000")
    assert number in [line.strip() for line in box.file("io.stat").splitlines()]
    told = read().find(WRITTEN, container="one-7")
    assert [dict(labels)["device"] for labels in told] == ["vda"]
