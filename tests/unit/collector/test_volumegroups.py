"""Which devices are looked at, on a sysfs made by hand, and which groups are told."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from collector.devices import Devices
from collector.hardware import Recheck
from collector.lvm import LvmError, VolumeGroup
from collector.machine import Machine
from collector.metrics import host_volume_groups
from collector.metrics.host_volume_groups import merged
from collector.statfs import Worker
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


class Host:
    """The groups a of sda and b of sdb, which can be made to hang or to be damaged."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        device(root, "sda")
        device(root, "sdb")
        self.now_s = 0.0
        self.hangs = self.is_damaged = False
        self.hanging, self.released = threading.Event(), threading.Event()
        self.devices = Devices(root, root)
        self.devices.volumes.close()
        self.devices.volumes = Worker(clock=lambda: self.now_s)
        monkeypatch.setattr(host_volume_groups, "on_device", self._on_device)
        monkeypatch.setattr(host_volume_groups, "Recheck", partial(Recheck, lambda: self.now_s))
        source = host_volume_groups.GROUP.open(Machine(root, self.devices))
        assert source is not None
        self.source = source

    def _on_device(self, _root: Path, name: str, _texts: object) -> VolumeGroup | None:
        if name == "sdb" and self.hangs:
            self.hanging.set()
            self.released.wait()
        if name == "sdb" and self.is_damaged:
            raise LvmError("the label's checksum is wrong")
        return VolumeGroup(name, name[-1], 1, 9, 8)

    def told(self) -> list[str]:
        """The names of the groups in this cycle; what it asks may be answered in the next."""
        columns, values = self.source.read()
        assert len(columns) == len(values)
        return [dict(column.labels)["vg"] for column in columns[::2]]

    def close(self) -> None:
        self.released.set()
        self.source.close()
        self.devices.close()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    made = Host(tmp_path, monkeypatch)
    yield made
    made.close()


def settled(host: Host) -> list[str]:
    host.told()
    assert host.devices.volumes.settle(60)
    return host.told()


def test_a_steady_state_gives_one_object(host: Host) -> None:
    assert settled(host) == ["a", "b"]
    before = host.source.read()
    host.now_s += host_volume_groups.ROUND_S
    settled(host)
    assert host.source.read() is before


def test_a_disk_that_hangs_costs_its_group_alone_and_no_cycle(host: Host) -> None:
    assert settled(host) == ["a", "b"]
    host.hangs = True
    for _ in range(4):
        host.now_s += host_volume_groups.ROUND_S
        host.told()
        until(lambda: host.devices.volumes.fresh("sda", 0.0) is not None)
        assert host.hanging.wait(60)
    assert host.told() == ["a"]
    assert host.devices.stuck_threads == 1
    host.hangs = False
    host.released.set()
    until(lambda: host.devices.stuck_threads == 0)
    host.now_s += host_volume_groups.ROUND_S
    assert settled(host) == ["a", "b"]


def test_a_damaged_one_is_said_once(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    host.is_damaged = True
    for _ in range(3):
        assert settled(host) == ["a"]
        host.now_s += host_volume_groups.ROUND_S
    assert [each.args for each in caplog.records] == [("sdb: the label's checksum is wrong",)]


def test_a_disk_that_went_takes_its_group_along(host: Host, tmp_path: Path) -> None:
    assert settled(host) == ["a", "b"]
    (tmp_path / "sys/class/block/sdb").unlink()
    host.now_s += host_volume_groups.ROUND_S
    assert settled(host) == ["a"]


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)
