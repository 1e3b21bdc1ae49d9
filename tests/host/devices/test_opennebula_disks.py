"""The disks of an OpenNebula container by their DISK_ID, from image file to metric."""

import os
from contextlib import ExitStack

import pytest
from support.busybox import Busybox
from support.collecting import collecting, settled, values
from support.images import loop, make_image, mounted

pytestmark = pytest.mark.host


def test_disk_ids_reach_every_metric_of_a_disk(busybox: Busybox) -> None:
    vmid = 900_000 + os.getpid() % 99_999
    datastores = busybox.base / "datastores"
    home = datastores / f"0/{vmid}"
    # As OpenNebula lays them out: disk.0 is a copy, disk.10 a link to a persistent image.
    system = make_image(home / "disk.0", 64, busybox.rootfs)
    persistent = make_image(datastores / "1/5f1e", 32)
    (home / "disk.10").symlink_to(persistent)
    # Another VM's disk.1 must not be mistaken for disk.10, nor for this VM's.
    make_image(datastores / f"0/{vmid}0/disk.1", 16)
    with ExitStack() as undo:
        first, second = (undo.enter_context(loop(image)) for image in (system, persistent))
        root = undo.enter_context(mounted(first, busybox.base / "one-root"))
        undo.enter_context(mounted(second, root / "mnt"))
        container = busybox.define(f"one-{vmid}", f"lxc.rootfs.path = dir:{root}", exact=True)
        undo.callback(busybox.destroy, container)
        container.start()
        container.attach("/bin/dd", "if=/bin/busybox", "of=/mnt/copy", "conv=fsync")
        collector = undo.enter_context(
            collecting(busybox.lxc_path, datastores=datastores, slow_s=0.1)
        )
        cycle = settled(collector, 3)
        names = [device.removeprefix("/dev/") for device in (first, second)]
        ids = dict(zip(names, ("0", "10"), strict=True))
        for metric in ("lxc_filesystem_size_bytes", "lxc_disk_info"):
            found = [dict(labels) for labels in values(cycle, metric, container.name)]
            assert {labels["device"]: labels["disk_id"] for labels in found} == ids
        # Whatever I/O this kernel counts is told with the same labels.
        for labels in values(cycle, "lxc_disk_written_bytes_total", container.name):
            assert dict(labels)["disk_id"] == ids[dict(labels)["device"]]
        sources = [dict(labels)["source"] for labels in values(cycle, metric, container.name)]
        assert sorted(sources) == sorted([f"0/{vmid}/disk.0", "1/5f1e"])
        assert collector.stats.errors == {}
