"""Which devices a container's I/O is told of."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support import captures

from collector.cgroupfs import Cgroup
from collector.container import Container, ContainerRef
from collector.devices import Devices
from collector.formats import FormatError
from collector.layers import Layers, is_below, number, told
from collector.mounts import Mount


class Host:
    """A root with block devices as sysfs stacks them, and the mount tables of two processes."""

    def __init__(self, root: Path, undo: ExitStack) -> None:
        self.root, self._undo = root, undo
        (root / "sys/dev/block").mkdir(parents=True)
        for pid, ppid in ((1, 0), (2, 1)):
            (root / f"proc/{pid}").mkdir(parents=True)
            stat = f"{pid} (x) S {ppid} " + "0 " * 30 + "\n"
            (root / f"proc/{pid}/stat").write_text(stat)
            (root / f"proc/{pid}/mountinfo").touch()

    def device(self, name: str, dev: str, *slaves: str, image: str = "") -> None:
        path = self.root / "sys/block" / name
        (path / "slaves").mkdir(parents=True)
        (path / "dev").write_text(f"{dev}\n")
        for slave in slaves:
            (path / "slaves" / slave).symlink_to(self._path(slave))
        if image:
            (path / "loop").mkdir()
            (path / "loop/backing_file").write_text(f"{image}\n")
        (self.root / "sys/dev/block" / dev).symlink_to(path)

    def partition(self, disk: str, name: str, dev: str) -> None:
        path = self.root / "sys/block" / disk / name
        path.mkdir()
        (path / "dev").write_text(f"{dev}\n")
        (path / "partition").write_text("1\n")
        (self.root / "sys/dev/block" / dev).symlink_to(path)

    def _path(self, name: str) -> Path:
        (found,) = [p for p in (self.root / "sys/block").rglob(name) if "slaves" not in p.parts]
        return found

    def mounts(self, pid: int, *lines: str) -> None:
        """`lines` are "MAJ:MIN POINT TYPE SOURCE OPTIONS"."""
        text = ""
        for line in lines:
            dev, point, kind, source, options = line.split(" ")
            text += f"1 1 {dev} / {point} rw - {kind} {source} {options}\n"
        (self.root / f"proc/{pid}/mountinfo").write_text(text)

    def told(self, *seen: tuple[int, int], vmid: int | None = None) -> set[tuple[int, int]]:
        proc = os.open(self.root / "proc/2", os.O_PATH)
        self._undo.callback(os.close, proc)
        devices = Devices(self.root, self.root / "ds")
        self._undo.callback(devices.close)
        cgroup = Cgroup("v2", {}, None, 1)
        ref = ContainerRef("c", vmid)
        container = Container(ref, 2, 0.0, 1, self.root, proc, cgroup, devices)
        return told(container, Layers(self.root), seen)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with ExitStack() as undo:
        yield Host(tmp_path, undo)


def test_a_partition_is_counted_by_its_disk(host: Host) -> None:
    host.device("sda", "8:0")
    host.partition("sda", "sda2", "8:2")
    host.mounts(2, "8:2 / ext4 /dev/sda2 rw")
    assert host.told() == {(8, 0)}


def test_pseudo_file_systems_and_nfs_have_no_device(host: Host) -> None:
    host.mounts(2, "0:50 / nfs4 server:/export rw", "0:51 /proc proc proc rw")
    assert host.told((8, 0)) == set()


def test_layers_below_are_left_out(host: Host) -> None:
    host.device("sda", "8:0")
    host.partition("sda", "sda3", "8:3")
    host.device("dm-0", "253:0", "sda3")
    host.device("dm-1", "253:1", "dm-0")
    host.mounts(2, "253:1 / ext4 /dev/vg/a rw", "8:3 /host xfs /dev/sda3 rw")
    assert host.told((8, 0), (253, 0), (253, 1)) == {(253, 1)}


def test_the_root_is_told_even_below_a_disk_of_its_own(host: Host) -> None:
    """A container in a directory with an image file of the same disk attached."""
    host.device("sda", "8:0")
    host.device("loop0", "7:0", image="/images/disk.1")
    host.mounts(1, "8:0 / ext4 /dev/sda rw")
    host.mounts(2, "8:0 / ext4 /dev/sda rw", "7:0 /mnt ext4 /dev/loop0 rw")
    assert host.told() == {(8, 0), (7, 0)}


def test_what_holds_an_image_is_left_out(host: Host) -> None:
    host.device("sda", "8:0")
    host.device("loop0", "7:0", image="/images/disk.0")
    host.mounts(1, "8:0 / ext4 /dev/sda rw")
    host.mounts(2, "7:0 / ext4 /dev/loop0 rw", "8:0 /usr/lib ext4 /dev/sda ro")
    assert host.told() == {(7, 0)}


def test_the_devices_of_an_overlay_are_those_of_its_directories(host: Host) -> None:
    host.device("sda", "8:0")
    host.device("sdb", "8:16")
    host.mounts(1, "8:0 / ext4 /dev/sda rw", "8:16 /upper ext4 /dev/sdb rw")
    host.mounts(
        2, "0:60 / overlay overlay rw,lowerdir=/golden:/g2,upperdir=/upper/c,workdir=/upper/w"
    )
    assert host.told() == {(8, 0), (8, 16)}


def test_btrfs_is_on_all_disks_it_spans(host: Host) -> None:
    host.device("sdb", "8:16")
    host.device("sdc", "8:32")
    devices = host.root / "sys/fs/btrfs/0-1/devices"
    devices.mkdir(parents=True)
    for name in ("sdb", "sdc"):
        (devices / name).symlink_to(host.root / "sys/block" / name)
    host.mounts(2, "0:70 / btrfs /dev/sdb rw,subvol=/c")
    assert host.told() == {(8, 16), (8, 32)}


def test_what_lies_below_a_recorded_thin_volume() -> None:
    names = {"dm-1": (253, 1), "dm-2": (253, 2), "dm-3": (253, 3), "vdb": (254, 16)}
    below = Layers(captures.V2).below((253, 5), ())
    assert below == {names["dm-1"], names["dm-2"], names["dm-3"], names["vdb"]}


def test_a_monitor_that_is_gone_leaves_what_the_container_tells(host: Host) -> None:
    host.device("loop0", "7:0", image="/images/disk.0")
    (host.root / "proc/1/mountinfo").unlink()
    host.mounts(2, "7:0 / ext4 /dev/loop0 rw")
    assert host.told() == {(7, 0)}


def test_names_that_only_begin_alike() -> None:
    assert is_below("/a/b", "/a")
    assert is_below("/a", "/a")
    assert is_below("/a", "/")
    assert not is_below("/ab", "/a")


def test_holding_takes_the_last_and_longest_mount(host: Host) -> None:
    mounts = [
        Mount(os.makedev(8, 0), "/", "/", "ext4", "/dev/sda"),
        Mount(os.makedev(8, 16), "/", "/images", "ext4", "/dev/sdb"),
        Mount(os.makedev(8, 32), "/", "/images", "ext4", "/dev/sdc"),
    ]
    assert Layers(host.root).holding("/images/one", mounts) == {(8, 32)}
    assert Layers(host.root).holding("/image", mounts) == {(8, 0)}


def test_a_device_number() -> None:
    assert number(b"254:16") == (254, 16)
    with pytest.raises(FormatError):
        number(b"254:x")
