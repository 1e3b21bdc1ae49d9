"""Volume groups read from real block devices, and what a reading of this host makes of them."""

import lzma
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.devices import Devices
from collector.lvm import LvmError
from collector.machine import Machine
from collector.metrics import host_volume_groups
from collector.volumegroups import Texts, candidates, on_device

pytestmark = pytest.mark.host

CAPTURE = Path(__file__).parents[2] / "captures/lvm2-2.03.16/text-in-two-pieces.xz"


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[str]:
    """A loop device's name; it is what was recorded of a physical volume."""
    image = tmp_path / "pv.img"
    image.write_bytes(lzma.decompress(CAPTURE.read_bytes()))
    made = subprocess.run(
        ["losetup", "--show", "-f", str(image)], check=True, capture_output=True, text=True
    )
    path = made.stdout.strip()
    yield path.removeprefix("/dev/")
    subprocess.run(["losetup", "-d", path], check=True)


def test_a_group_is_read_past_the_page_cache(loop: str) -> None:
    texts = Texts()
    found = on_device(Path("/"), loop, texts)
    assert found is not None
    assert (found.name, found.size, found.free) == ("vg-one-101", 66060288, 50200576)
    assert on_device(Path("/"), loop, texts) is found, "the text is not read again"


def test_what_is_written_meanwhile_is_seen(loop: str) -> None:
    with Path("/dev", loop).open("r+b") as device:
        device.seek(4096 + 40)
        device.write(b"\xff")
    with pytest.raises(LvmError, match="checksum"):
        on_device(Path("/"), loop, Texts())


def test_a_node_that_is_another_device_is_not_read(tmp_path: Path, loop: str) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/vda").symlink_to(Path("/dev", loop))
    (tmp_path / "dev/vdb").touch()
    for name in ("vda", "vdb", "vdc"):
        with pytest.raises(OSError):
            on_device(tmp_path, name, Texts())


def test_an_image_of_a_guest_is_not_told_as_the_hosts(loop: str) -> None:
    assert loop not in candidates(Path("/"))
    devices = Devices()
    try:
        source = host_volume_groups.GROUP.open(Machine(Path("/"), devices))
        assert source is not None
        source.read()
        assert devices.volumes.settle(60)
        columns, values = source.read()
        assert source.read()[0] is columns
        assert ("vg", "vg-one-101") not in [label for each in columns for label in each.labels]
        assert len(values) == len(columns)
        source.close()
    finally:
        devices.close()
