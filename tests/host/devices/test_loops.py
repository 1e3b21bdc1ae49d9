"""Devices on this machine's real loops: the kernel's own words and announcements."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.busybox import run, until
from support.images import new_loop

from collector.devices import Devices
from collector.model import Labels

pytestmark = pytest.mark.host

Attach = Callable[[Path], str]


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[Devices]:
    made = Devices(Path("/"), tmp_path)
    yield made
    made.close()


def number(name: str) -> tuple[int, int]:
    device = os.stat(f"/dev/{name}").st_rdev
    return os.major(device), os.minor(device)


def labels(devices: Devices, name: str) -> Labels:
    """What the device is told with once its datastore has answered: that may take a while."""
    found: Labels = ()

    def told() -> bool:
        nonlocal found
        devices.refresh()
        found = devices.labels(*number(name), 7)
        return len(found) == 2

    until(told, f"the disk id of {name}")
    return found


def test_a_loop_is_its_file_even_with_a_long_name(
    devices: Devices, attach: Attach, tmp_path: Path
) -> None:
    # LOOP_GET_STATUS cuts the name at 63 characters; 1/ and 10/ differ only after that.
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    (tmp_path / "0").mkdir()
    (tmp_path / "0/7").symlink_to(deep)
    names = [attach(tmp_path / "0/7" / disk) for disk in ("disk.1", "disk.10")]
    assert [labels(devices, name) for name in names] == [
        (("device", names[0]), ("disk_id", "1")),
        (("device", names[1]), ("disk_id", "10")),
    ]


def test_a_deleted_file_is_no_disk(devices: Devices, attach: Attach, tmp_path: Path) -> None:
    image = tmp_path / "0/7/disk.0"
    name = attach(image)
    image.unlink()
    image.write_text("another image under the old name")
    device = devices.device(*number(name))
    assert device is not None
    assert devices.source(device) == "0/7/disk.0 (deleted)"
    assert devices.labels(*number(name), 7) == (("device", name),)


def test_a_loop_given_another_file_is_noticed_at_once(devices: Devices, tmp_path: Path) -> None:
    (tmp_path / "0/7").mkdir(parents=True)
    images = [tmp_path / "0/7/disk.0", tmp_path / "0/7/disk.1"]
    for image in images:
        image.write_bytes(bytes(1 << 20))
    # A device that nobody who looks for a free one is given meanwhile.
    with new_loop(images[0]) as path:
        name = path.removeprefix("/dev/")
        assert labels(devices, name) == (("device", name), ("disk_id", "0"))
        before = devices.version
        run("losetup", "--detach", path)
        # While somebody has it open (udev looks into what is new) it stays attached.
        attached = Path(f"/sys/block/{name}/loop/backing_file")
        until(lambda: not attached.exists(), f"{name} to be free")
        run("losetup", path, str(images[1]))
        devices.refresh()
        assert devices.version > before
        assert labels(devices, name) == (("device", name), ("disk_id", "1"))


def test_odd_names_stay_apart(devices: Devices, attach: Attach, tmp_path: Path) -> None:
    name = attach(tmp_path / "0/7/disk.0 \n")
    device = devices.device(*number(name))
    assert device is not None
    assert device.source == f"{tmp_path}/0/7/disk.0 \n"
    assert devices.labels(*number(name), 7) == (("device", name),)
