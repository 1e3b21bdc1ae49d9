"""Mapped images from the tree of a host with an image, its clone and its snapshot."""

import os
import shutil
from pathlib import Path

import pytest
from support.cycles import Time

from collector.rbd import RECHECK_S, Image, ImageCounters, Mapped

CAPTURE = Path(__file__).parents[2] / "captures/debian12-6.1-rbd"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the capture that a test may change."""
    shutil.copytree(CAPTURE, tmp_path / "root", symlinks=True)
    return tmp_path / "root"


def test_image_clone_and_snapshot_are_three_images() -> None:
    assert Mapped(CAPTURE).images() == (
        Image("0", (252, 0), "one", "lxc-0"),
        Image("1", (252, 16), "one", "lxc-1"),
        Image("2", (252, 32), "one", "lxc-0@snap"),
    )


def test_a_kernel_without_rbd_has_no_images(tmp_path: Path) -> None:
    assert Mapped(tmp_path).images() == ()


def test_size_and_io_are_the_kernels(tree: Path) -> None:
    counters = ImageCounters(tree, Image("0", (252, 0), "one", "lxc-0"))
    # /sys/block/rbd0/stat: 106 reads of 6222 sectors, 18 writes of 4328
    assert counters.read() == (1.0, 1073741824.0, 6222 * 512.0, 4328 * 512.0, 106.0, 18.0)
    assert not counters.gone
    counters.close()


def test_opening_an_image_that_goes_leaves_nothing_open(tree: Path) -> None:
    (tree / "sys/bus/rbd/devices/0/size").unlink()
    before = os.listdir("/proc/self/fd")
    with pytest.raises(FileNotFoundError):
        ImageCounters(tree, Image("0", (252, 0), "one", "lxc-0"))
    assert os.listdir("/proc/self/fd") == before


def test_an_id_given_to_another_image_is_noticed(tree: Path) -> None:
    time = Time()
    mapped = Mapped(tree, time)
    (tree / "sys/bus/rbd/devices/1/name").write_text("other\n")
    time.now += RECHECK_S
    mapped.refresh()
    assert [image.name for image in mapped.images()] == ["lxc-0", "other", "lxc-0@snap"]


def test_half_an_image_is_none(tree: Path) -> None:
    (tree / "sys/bus/rbd/devices/1/pool").unlink()
    assert [image.id for image in Mapped(tree).images()] == ["0", "2"]


def test_namespaces_are_part_of_the_name(tree: Path) -> None:
    (tree / "sys/bus/rbd/devices/1/pool_ns").write_text("tenant\n")
    image = Mapped(tree).images()[1]
    assert image.labels == (("pool", "one"), ("image", "tenant/lxc-1"))


def test_what_two_containers_claim_stays_claimed_until_both_release() -> None:
    mapped = Mapped(CAPTURE)
    mapped.claim({(252, 0)})
    mapped.claim({(252, 0)})
    mapped.release({(252, 0)})
    assert [image.id for image in mapped.unclaimed()] == ["1", "2"]
    mapped.release({(252, 0)})
    assert [image.id for image in mapped.unclaimed()] == ["0", "1", "2"]
