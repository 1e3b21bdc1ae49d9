"""How full real file systems of real containers are, and that a hanging one costs only itself."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from support.busybox import Busybox, Container, run, until
from support.collecting import Found, collecting, settled, values
from support.images import HangingFuse, loop, make_image, mounted

from collector.devices import Devices
from collector.statfs import ABANDONED_MAX, Worker, usage

pytestmark = pytest.mark.host

OnImage = Callable[[str], Any]


def of(device: str, point: str) -> tuple[tuple[str, str], ...]:
    return (("device", device.removeprefix("/dev/")), ("mountpoint", point))


def test_root_and_second_disk_as_df_inside_says(busybox: Busybox, on_image: OnImage) -> None:
    made = on_image("df")
    image = make_image(busybox.base / "df/disk.1", 32)
    with loop(image) as second, mounted(second, made.root / "mnt"):
        made.container.start()
        with collecting(busybox.lxc_path) as collector:
            cycle = settled(collector)
            size = values(cycle, "lxc_filesystem_size_bytes", made.container.name)
            used = values(cycle, "lxc_filesystem_used_bytes", made.container.name)
            free = values(cycle, "lxc_filesystem_available_bytes", made.container.name)
            for device, point in ((made.root_device, "/"), (second, "/mnt")):
                inside = made.container.attach("/bin/df", "-k", point).splitlines()[-1].split()
                key = of(device, point)
                told = [int(amount[key]) // 1024 for amount in (size, used, free)]
                assert told == [int(word) for word in inside[1:4]]
            assert size.keys() == {of(made.root_device, "/"), of(second, "/mnt")}
        made.container.stop()


def test_a_disk_that_its_guest_fills_is_told_full(busybox: Busybox, on_image: OnImage) -> None:
    made = on_image("full")
    made.container.start()
    made.container.attach("/bin/dd", "if=/dev/zero", "of=/fill", "bs=1M", check=False)
    with collecting(busybox.lxc_path) as collector:
        cycle = settled(collector)
    key = of(made.root_device, "/")
    assert values(cycle, "lxc_filesystem_available_bytes", made.container.name)[key] == 0
    assert values(cycle, "lxc_filesystem_used_bytes", made.container.name)[key] > 40 << 20
    made.container.stop()


def test_nothing_stays_pinned_by_sampling(busybox: Busybox, on_image: OnImage) -> None:
    made = on_image("pin")
    made.container.start()
    with collecting(busybox.lxc_path) as collector:
        settled(collector, 3)
        made.container.stop()
        # While the collector still runs and has not looked again.
        run("umount", str(made.root))
        run("mount", made.root_device, str(made.root))
        assert values(collector.read(), "lxc_filesystem_size_bytes", made.container.name) == {}


def test_a_hanging_disk_costs_one_thread_and_only_its_own_values(
    busybox: Busybox, on_image: OnImage, lxc_container: Callable[..., Container]
) -> None:
    made, other = on_image("hang"), lxc_container("beside")
    image = make_image(busybox.base / "hang/disk.1", 16)
    with loop(image) as second, HangingFuse(made.root / "mnt", second) as hanging:
        made.container.start()
        with collecting(busybox.lxc_path, slow_s=0.2) as collector:
            devices = collector.stats.devices
            assert devices is not None
            devices.usages = Worker(deadline_s=1)
            threads = threading.active_count()
            # The collector reads every container of the machine: others may have one that hangs.
            until(lambda: collector.read() and devices.stuck_threads, "the thread to be given up")
            cycle = collector.read()

            def sizes(container: Container) -> Found:
                return values(cycle, "lxc_filesystem_size_bytes", container.name)

            def told() -> bool:
                nonlocal cycle
                cycle = collector.read()
                root = of(made.root_device, "/")
                return root in sizes(made.container) and bool(sizes(other))

            until(told, "what does not hang to be told")
            assert of(second, "/mnt") not in sizes(made.container)
            stuck = values(cycle, "lxcmon_stuck_threads")[()]
            assert 1 <= stuck <= ABANDONED_MAX
            # One works, one reads LVM's disks, one may look into datastores for others' containers.
            assert threading.active_count() <= threads + stuck + 3
            assert collector.stats.errors == {}
            hanging.answer()
            until(lambda: devices.stuck_threads < stuck, "the thread to be let go")
        made.container.stop()


def test_at_most_eight_threads_are_given_up(tmp_path: Path) -> None:
    worker: Worker[object] = Worker(deadline_s=0.05)
    before = set(threading.enumerate())
    with ExitStack() as undo:
        hanging = [undo.enter_context(HangingFuse(tmp_path / str(n))) for n in range(10)]

        def taken() -> list[bool]:
            points = [str(fuse.point) for fuse in hanging]
            return [worker.submit(p, lambda p=p: usage(p, None)) for p in points]

        until(lambda: not any(taken()) and worker.abandoned == ABANDONED_MAX, "all to hang")
        assert not any(taken())
        assert len(set(threading.enumerate()) - before) == ABANDONED_MAX
        assert not worker.submit("/", lambda: usage("/", None))
        for fuse in hanging:
            fuse.answer()
        until(lambda: worker.abandoned == 0, "the threads to be let go")
        answer = worker.ask("/", lambda: usage("/", None), 60)
        assert answer is not None
        assert answer.value is not None
    worker.close()
    until(lambda: set(threading.enumerate()) <= before, "the threads to end")


def test_a_hanging_datastore_costs_a_cycle_no_time_and_disk_ids_only_meanwhile(
    tmp_path: Path,
) -> None:
    image = make_image(tmp_path / "datastores/0/7/disk.0", 16)
    # Thirty times faster, so that the recheck of what was not found comes within the test.
    devices = Devices(Path("/"), tmp_path / "datastores", clock=lambda: time.monotonic() * 30)
    with loop(image) as device, closing(devices):
        number, name = os.stat(device).st_rdev, device.removeprefix("/dev/")

        def labels(vmid: int) -> tuple[tuple[str, str], ...]:
            return devices.labels(os.major(number), os.minor(number), vmid)

        with HangingFuse(tmp_path / "datastores"):
            started = time.monotonic()
            assert [labels(vmid) for vmid in range(400)] == [(("device", name),)] * 400
            # A quarter second of waiting in all; waiting for each would make it a hundred.
            assert time.monotonic() - started < 60

        def found() -> bool:
            devices.refresh()
            return ("disk_id", "0") in labels(7)

        until(found, "the disk to be found once the datastore answers")
