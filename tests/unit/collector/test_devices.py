"""The cache of devices: what it answers, and when it looks again."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.cycles import Time

from collector import diskids
from collector.devices import RECHECK_S, Devices
from collector.statfs import ABANDONED_MAX, DEADLINE_S, Worker

CAPTURES = Path(__file__).parents[2] / "captures"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def devices(tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch) -> Iterator[Devices]:
    """Devices of a hand-made sysfs with one loop on a VM's disk. They wait for its datastore."""
    monkeypatch.setattr("collector.devices._PATIENCE_S", 60.0)
    (tmp_path / "sys/dev/block").mkdir(parents=True)
    attach(tmp_path, "0/7/disk.1", seq=1)
    made = Devices(tmp_path, Path("/datastores"), clock=time)
    yield made
    made.close()


def attach(root: Path, file: str, seq: int) -> None:
    """Give the hand-made loop0 another file, as losetup would."""
    image = root / "datastores" / file
    image.parent.mkdir(parents=True, exist_ok=True)
    image.write_text(file)
    loop = root / "sys/devices/virtual/block/loop0"
    (loop / "loop").mkdir(parents=True, exist_ok=True)
    (loop / "loop/backing_file").write_text(f"/datastores/{file}\n")
    (loop / "diskseq").write_text(f"{seq}\n")
    link = root / "sys/dev/block/7:0"
    link.unlink(missing_ok=True)
    link.symlink_to(loop)


def test_a_vms_disk_is_named_and_nobody_elses(devices: Devices) -> None:
    assert devices.labels(7, 0, 7) == (("device", "loop0"), ("disk_id", "1"))
    assert devices.labels(7, 0, 8) == (("device", "loop0"),)
    assert devices.labels(7, 0) == (("device", "loop0"),)


def test_an_unknown_number_is_its_own_name(devices: Devices) -> None:
    assert devices.labels(99, 3, 7) == (("device", "99:3"),)


def test_another_file_is_noticed_at_the_recheck(
    devices: Devices, time: Time, tmp_path: Path
) -> None:
    devices.labels(7, 0, 7)
    attach(tmp_path, "0/7/disk.2", seq=2)
    devices.refresh()
    assert devices.version == 0
    time.now += RECHECK_S
    devices.refresh()
    assert devices.version == 1
    assert devices.labels(7, 0, 7) == (("device", "loop0"), ("disk_id", "2"))


def test_what_was_nobodys_is_looked_for_again(devices: Devices, time: Time, tmp_path: Path) -> None:
    assert devices.labels(7, 0, 8) == (("device", "loop0"),)
    home = tmp_path / "datastores/0/8"
    home.mkdir()
    (home / "disk.0").symlink_to(tmp_path / "datastores/0/7/disk.1")
    time.now += RECHECK_S
    devices.refresh()
    assert devices.labels(7, 0, 8) == (("device", "loop0"), ("disk_id", "0"))


def test_nothing_changed_is_no_new_version(devices: Devices, time: Time) -> None:
    devices.labels(7, 0, 7)
    for _ in range(3):
        time.now += RECHECK_S
        devices.refresh()
    assert devices.version == 0


def test_the_drivers_file_is_read_under_the_root(devices: Devices, tmp_path: Path) -> None:
    attach(tmp_path, "elsewhere/export.raw", seq=3)
    path = tmp_path / "var/lib/nebulxc/ct/one-7/disks.json"
    path.parent.mkdir(parents=True)
    path.write_text('[{"disk_id": 0, "device": "loop0", "diskseq": 3}]')
    assert devices.labels(7, 0, 7) == (("device", "loop0"), ("disk_id", "0"))


def test_what_came_too_late_is_told_once_all_have_answered(
    devices: Devices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.devices._PATIENCE_S", 0.0)
    devices.refresh()
    slow = threading.Event()
    find = diskids.by_file

    def slowly(*args: Any) -> str | None:
        slow.wait(60)
        return find(*args)

    monkeypatch.setattr(diskids, "by_file", slowly)
    assert devices.labels(7, 0, 7) == (("device", "loop0"),)
    threading.Timer(0.05, slow.set).start()
    devices.settle(60)
    devices.refresh()
    assert devices.labels(7, 0, 7) == (("device", "loop0"), ("disk_id", "1"))


def test_no_absolute_path_becomes_a_label(devices: Devices, tmp_path: Path) -> None:
    inside = devices.device(7, 0)
    assert inside is not None
    assert devices.source(inside) == "0/7/disk.1"
    other = Devices(tmp_path, Path("/srv"))
    assert other.source(inside) == "disk.1"
    other.close()


def test_a_captured_host_with_lvm_and_rbd() -> None:
    root = CAPTURES / "debian12-6.1-lvm"
    devices = Devices(root, root / "none")
    assert devices.labels(253, 0, 7) == (("device", "dm-0"), ("disk_id", "0"))
    assert devices.labels(253, 6, 7) == (("device", "dm-6"),)
    assert devices.labels(253, 0, 70) == (("device", "dm-0"),)
    assert devices.labels(252, 0, 9) == (("device", "rbd0"),)
    devices.close()


def test_no_more_than_eight_threads_hang_in_all(devices: Devices, time: Time) -> None:
    release = threading.Event()
    workers: list[Worker[Any]] = [devices.usages, devices.volumes, devices._files]

    def hang(worker: Worker[Any], key: int) -> bool:
        inside = threading.Event()

        def call() -> None:
            inside.set()
            release.wait()

        return worker.submit(key, call) and inside.wait(60)

    for key in range(10):
        for worker in workers:
            hang(worker, key)
        time.now += 2 * DEADLINE_S
    assert devices.stuck_threads == ABANDONED_MAX
    assert not any(hang(worker, 99) for worker in workers)
    release.set()
