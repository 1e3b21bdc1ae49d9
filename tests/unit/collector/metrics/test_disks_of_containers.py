"""The groups filesystem and rbd of containers and host, on the trees of real hosts."""

import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from collector.cgroupfs import Cgroup
from collector.container import Container, ContainerRef
from collector.devices import Devices
from collector.group import Group, Source, Subject
from collector.machine import Machine
from collector.metrics import filesystem, rbd
from collector.model import Labels

CAPTURES = Path(__file__).parents[3] / "captures"
V2, HYBRID = CAPTURES / "debian12-6.1-lvm", CAPTURES / "debian12-6.18-hybrid"

Make = Callable[[Path, str, int | None], Container]


@pytest.fixture
def captured() -> Iterator[Make]:
    """A container of a capture, by the name its manifest has, as if it were VM `vmid`."""
    with ExitStack() as undo:
        devices: dict[Path, Devices] = {}

        def make(root: Path, name: str, vmid: int | None = None) -> Container:
            pid = json.loads((root / "manifest.json").read_text())["containers"][name]
            proc = os.open(root / f"proc/{pid}", os.O_PATH)
            undo.callback(os.close, proc)
            if root not in devices:
                devices[root] = Devices(root, Path("/var/tmp/nxhd/datastores"))
                undo.callback(devices[root].close)
                undo.callback(devices[root].settle, 60)
            return Container(
                ContainerRef(name, vmid),
                pid,
                0.0,
                1,
                root,
                proc,
                Cgroup("v2", {}, None, 1),
                devices[root],
            )

        yield make


def opened(group: Group[Subject], subject: Subject) -> Source:
    source = group.open(subject)
    assert source is not None
    return source


def read(source: Source) -> dict[tuple[str, Labels], float]:
    columns, values = source.read()
    return {
        (column.metric, column.labels): value for column, value in zip(columns, values, strict=True)
    }


def test_disks_are_named_by_device_number_and_place(captured: Make) -> None:
    source = opened(filesystem.GROUP, captured(HYBRID, "nxhd2", 7))
    found = read(source)
    sizes = [labels for metric, labels in found if metric == "lxc_filesystem_size_bytes"]
    assert sizes == [
        (("device", "loop72"), ("mountpoint", "/")),
        (("device", "loop73"), ("mountpoint", "/mnt")),
    ]
    infos = [labels for metric, labels in found if metric == "lxc_disk_info"]
    assert infos == [
        (("device", "loop72"), ("kind", "loop"), ("source", "0/7/disk.0")),
        (("device", "loop73"), ("kind", "loop"), ("source", "1/abc")),
    ]
    source.close()


def test_an_lv_of_opennebula_is_told_with_its_disk_id(captured: Make) -> None:
    source = opened(filesystem.GROUP, captured(V2, "c7", 7))
    found = read(source)
    what = (("kind", "lvm"), ("source", "vg-one-0/lv-one-7-0"))
    named = (("device", "dm-0"), ("disk_id", "0"))
    assert found["lxc_disk_info", (*named, *what)] == 1.0
    assert ("lxc_filesystem_used_bytes", (*named, ("mountpoint", "/"))) in found
    source.close()


def test_a_file_system_that_does_not_answer_is_absent(captured: Make) -> None:
    # A capture has no /proc/PID/root: statfs fails, and nothing is shown as 0.
    container = captured(V2, "c8", None)
    source = opened(filesystem.GROUP, container)
    assert container.devices.usages.settle(60)
    sizes = [value for (metric, _), value in read(source).items() if "filesystem" in metric]
    assert len(sizes) == 3
    assert all(math.isnan(value) for value in sizes)
    source.close()


def test_columns_stay_the_same_object_over_rounds(captured: Make) -> None:
    container = captured(HYBRID, "nxhd2", 7)
    for group in (filesystem.GROUP, rbd.GROUP):
        source = opened(group, container)
        before, _ = source.read()
        container.pace.round += 1
        assert source.read()[0] is before
        source.close()


def test_a_mounted_image_is_on_its_containers_row_alone(captured: Make) -> None:
    container = captured(V2, "c9", 9)
    machine = Machine(V2, container.devices)
    host = opened(rbd.HOST_GROUP, machine)
    image: Labels = (("device", "rbd0"), ("pool", "one"), ("image", "lxc-0"))
    assert read(host)["lxc_rbd_mapped", image] == 1.0
    source = opened(rbd.GROUP, container)
    assert read(source)["lxc_rbd_size_bytes", image] == 1073741824.0
    assert read(host) == {}
    source.close()
    assert read(host)["lxc_rbd_read_bytes_total", image] == 48672 * 512.0
    host.close()


def test_a_container_without_ceph_tells_nothing_of_it(captured: Make) -> None:
    source = opened(rbd.GROUP, captured(V2, "c7", 7))
    assert source.read() == ((), ())
    source.close()
