"""Nothing comes up after OpenNebula was told that it failed: hooks that hang, callers that die."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.busybox import until
from support.installation import Images, Installation, data_disk, mounted, run, settled

from vmm import attempt, lock, process
from vmm.errors import DriverError
from vmm.lxc import monitor
from vmm.spec import Disk, DiskKind

pytestmark = pytest.mark.host

HANG = """
import os, sys, time
if sys.argv[1] == "{kind}":
    open("{base}/hanging", "w").write(str(os.getpid()))
    time.sleep(3600)
"""
RUN = "from control.driver.hook import main; raise SystemExit(main())"
AFTER = """
import os, sys, time
from control.driver.hook import main
code = main()
if sys.argv[1] == "{kind}":
    open("{base}/hanging", "w").write(str(os.getpid()))
    time.sleep(3600)
raise SystemExit(code)
"""


def _hook(installation: Installation, text: str, kind: str) -> None:
    path = installation.base / "hook.py"
    path.write_text(text.format(kind=kind, base=installation.base))
    installation.hook.write_text(f'#!/bin/sh\nexec {sys.executable} -I {path} "$@"\n')


def _wait_for(path: Path, seconds: float = 120) -> int:
    deadline = time.monotonic() + seconds
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.01)
    return int(path.read_text())


@pytest.mark.parametrize("kind", ["pre-start", "start-host"])
@pytest.mark.parametrize("when", [HANG + RUN, AFTER], ids=["before", "after"])
def test_a_hanging_hook_is_ended_with_its_start(images: Images, kind: str, when: str) -> None:
    installation = Installation(start_timeout=3.0)
    try:
        _hook(installation, when, kind)
        vm = installation.vm(
            71001,
            data_disk(1, installation.image(71001, 1, images.empty())),
            root=images.busybox(),
        )
        before = installation.traces()
        with pytest.raises(DriverError, match="one-71001 did not start within 3 s; see "):
            installation.do("deploy", vm)
        assert settled(installation, before) == before
    finally:
        installation.close()


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (signal.SIGKILL, "pre-start"),
        pytest.param(signal.SIGKILL, "start-host", marks=pytest.mark.guest),
        pytest.param(signal.SIGTERM, "pre-start", marks=pytest.mark.guest),
        (signal.SIGTERM, "start-host"),
    ],
)
def test_nothing_comes_up_after_its_caller_died(
    installation: Installation, images: Images, kind: str, number: signal.Signals
) -> None:
    """A hook that is frozen while deploy is killed refuses to go on when it thaws."""
    _hook(installation, "import os\n" + FROZEN + RUN, kind)
    vm = installation.vm(71001, root=images.busybox())
    before = installation.traces()
    deploy = installation.spawn("deploy", vm)
    hanging = _wait_for(installation.base / "hanging")
    until(lambda: (process.stat_fields(hanging) or "?")[process.STAT_STATE] == "T", "its freeze")
    deploy.send_signal(number)
    deploy.communicate(timeout=200)
    if number == signal.SIGKILL:
        os.kill(hanging, signal.SIGCONT)
    until(lambda: installation.traces()["processes"] == [], "the end of the start")
    assert installation.container(vm).init() is None
    installation.do("cancel", vm)
    assert settled(installation, before) == before


FROZEN = """
import signal, sys
if sys.argv[1] == "{kind}":
    open("{base}/hanging", "w").write(str(os.getpid()))
    os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.mark.guest
def test_a_caller_that_stops_listening_gets_no_container(
    installation: Installation, images: Images
) -> None:
    """A dropped ssh closes the reading end of our standard output; oned has been told: failed."""
    vm = installation.vm(71001, root=images.busybox())
    before = installation.traces()
    deploy = installation.spawn("deploy", vm)
    assert deploy.stdout and deploy.stderr
    deploy.stdout.close()
    said = deploy.stderr.read().decode()
    deploy.stderr.close()
    assert deploy.wait(200) != 0
    assert "the caller is gone" in said
    assert settled(installation, before) == before


def test_no_start_by_hand_while_an_action_is_in_flight(
    installation: Installation, images: Images
) -> None:
    vm = installation.vm(71001, root=images.busybox())
    installation.do("deploy", vm)
    installation.attach(vm, "poweroff", check=False)
    container = installation.container(vm)
    assert monitor.ended(container.state, 120)
    lxc = ("lxc-start", "-P", installation.policy.lxc, "-n", vm.name)
    with lock.exclusive(container.state.lock, 1, "the test"):
        failed = subprocess.run([*lxc], capture_output=True, check=False, timeout=200)
        assert failed.returncode != 0
        assert container.init() is None
    run(*lxc)
    assert container.init() is not None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("empty", "is empty; put a file system on the image"),
        ("partitioned", "has a partition table; make an image of the root partition alone"),
        ("unknown", "has no file system that is known here"),
        ("swap", "holds swap; use ext4, xfs or btrfs"),
        ("damaged", r"disk \d \(.*\): cannot mount .* as ext4: .*; see the kernel's log"),
    ],
)
@pytest.mark.parametrize("disk_id", [0, 1])
def test_an_unfit_disk_is_refused_with_its_remedy(
    installation: Installation, images: Images, name: str, problem: str, disk_id: int
) -> None:
    root = installation.image(71001, 0, images.busybox())
    bad = installation.directory(71001) / f"disk.{disk_id}"
    data = bytearray(1 << 20)
    if name == "partitioned":
        data[446 + 4], data[510:512] = 0x83, b"\x55\xaa"
    if name == "unknown":
        data[:] = b"x" * len(data)
    if name == "swap":
        data[4086:4096] = b"SWAPSPACE2"
    if name == "damaged":
        data[0x438:0x43A] = b"\x53\xef"
    bad.write_bytes(bytes(data))
    vm = installation.vm(
        71001, Disk(0, DiskKind.IMAGE, str(root), "/"), *([data_disk(1, bad)] if disk_id else [])
    )
    before = installation.traces()
    with pytest.raises(DriverError, match=problem):
        installation.do("deploy", vm)
    assert installation.traces() == before


def test_an_empty_volatile_disk_is_formatted(installation: Installation, images: Images) -> None:
    path = installation.directory(71001) / "disk.1"
    run("truncate", "-s", "16M", str(path))
    disk = Disk(1, DiskKind.VOLATILE, str(path), "/media/one-disk.1", filesystem="ext4")
    vm = installation.vm(71001, disk, root=images.busybox())
    for content in ("", "kept\n"):
        installation.do("deploy", vm)
        assert installation.attach(vm, "sh", "-c", "cat /media/one-disk.1/f || true") == content
        installation.attach(vm, "sh", "-c", "echo kept > /media/one-disk.1/f")
        installation.do("shutdown", vm)


def test_a_volatile_disk_whose_formatting_was_killed(
    installation: Installation, images: Images
) -> None:
    path = installation.directory(71001) / "disk.1"
    run("truncate", "-s", "200M", str(path))
    disk = Disk(1, DiskKind.VOLATILE, str(path), "/media/one-disk.1", filesystem="ext4")
    vm = installation.vm(71001, disk, root=images.busybox())
    with installation.spawn("deploy", vm) as action:
        while not (path.parent / ".disk.1.formatting").exists() and action.poll() is None:
            time.sleep(0.001)
        action.kill()
    installation.do("deploy", vm)
    assert "one-disk.1" in installation.attach(vm, "cat", "/proc/mounts")
    assert sorted(os.listdir(path.parent)) == ["disk.0", "disk.1"]


def test_a_readonly_disk(installation: Installation, images: Images) -> None:
    disk = data_disk(1, installation.image(71001, 1, images.empty()), readonly=True)
    vm = installation.vm(71001, disk, root=images.busybox())
    installation.do("deploy", vm)
    said = installation.attach(vm, "sh", "-c", "touch /media/one-disk.1/f 2>&1 || true")
    assert "Read-only file system" in said


@pytest.mark.guest
def test_an_image_is_never_attached_twice(installation: Installation, images: Images) -> None:
    """By another container, under another name, or by someone else's loop device."""
    first = installation.vm(71001, root=images.busybox())
    installation.do("deploy", first)
    source = Path(first.disks[0].source)
    other = installation.directory(71002) / "disk.0"
    os.link(source, other)
    second = installation.vm(71002, Disk(0, DiskKind.IMAGE, str(other), "/"))
    before = installation.traces()

    with pytest.raises(DriverError, match="already attached to /dev/loop"):
        installation.do("deploy", second)
    assert settled(installation, before) == before
    source.rename(source.with_name("moved"))
    with pytest.raises(DriverError, match="already attached to /dev/loop"):
        installation.do("deploy", second)
    installation.do("cancel", first)
    foreign = run("losetup", "--find", "--show", str(other)).strip()
    try:
        with pytest.raises(DriverError, match=f"already attached to {foreign}"):
            installation.do("deploy", second)
    finally:
        run("losetup", "-d", foreign)
    installation.do("deploy", second)


def test_the_end_of_one_is_not_held_up_by_the_next_user_of_its_image(
    installation: Installation, images: Images
) -> None:
    """A shareable image: the second container gets the loop device that the first one had."""
    first = installation.vm(71001, root=images.busybox())
    installation.do("deploy", first)
    installation.attach(first, "poweroff", check=False)
    until(lambda: not installation.traces()["loops"], "its end")
    other = installation.directory(71002) / "disk.0"
    os.link(first.disks[0].source, other)
    second = installation.vm(71002, Disk(0, DiskKind.IMAGE, str(other), "/"))
    installation.do("deploy", second)
    pid = installation.container(second).init()
    installation.do("cancel", first)
    assert installation.container(second).init() == pid is not None


def test_two_deploys_at_once_cannot_share_an_image(
    installation: Installation, images: Images
) -> None:
    first = installation.vm(71304, root=images.busybox())
    others = []
    for vmid in (71305, 71306):
        link = installation.directory(vmid) / "disk.0"
        os.link(first.disks[0].source, link)
        others.append(installation.vm(vmid, Disk(0, DiskKind.IMAGE, str(link), "/")))
    children = [installation.spawn("deploy", vm) for vm in (first, *others)]
    said = [child.communicate(timeout=280) for child in children]
    assert sorted(child.returncode for child in children) == [0, 1, 1]
    assert sum(b"already attached to /dev/loop" in err for _, err in said) == 2


@pytest.mark.parametrize(
    "unprivileged",
    [pytest.param(True, marks=pytest.mark.guest), False],
    ids=["unprivileged", "privileged"],
)
def test_an_image_of_the_stock_range_works(
    installation: Installation, images: Images, unprivileged: bool
) -> None:
    """The stock driver shifted unprivileged images on disk; the mapping shifts them back."""
    vm = installation.vm(71001, root=images.busybox(), wants_unprivileged=unprivileged)
    point = installation.base / "point"
    point.mkdir()
    shift = "find . -exec chown -h 600100001:600100001 {} +"
    mounted(vm.disks[0].source, point, shift)
    installation.do("deploy", vm)
    assert installation.attach(vm, "stat", "-c", "%u", "/", "/bin/busybox").split() == ["0", "0"]
    installation.attach(vm, "touch", "/file")
    installation.do("shutdown", vm)
    assert mounted(vm.disks[0].source, point, "stat -c %u file") == "600100001\n"


def test_an_image_shifted_elsewhere_is_refused(installation: Installation, images: Images) -> None:
    vm = installation.vm(71001, root=images.busybox())
    point = installation.base / "point"
    point.mkdir()
    mounted(vm.disks[0].source, point, "chown 700000:700000 .")
    before = installation.traces()
    with pytest.raises(DriverError, match="belongs to id 700000: the image was shifted"):
        installation.do("deploy", vm)
    assert settled(installation, before) == before


def test_a_container_of_another_driver_is_left_alone(
    installation: Installation, images: Images
) -> None:
    vm = installation.vm(71001, root=images.busybox())
    stock = installation.base / "lxc" / vm.name
    stock.mkdir()
    (stock / "config").write_text("lxc.uts.name = stock\n")
    with pytest.raises(DriverError, match="a container that this driver did not make"):
        installation.do("deploy", vm)
    with pytest.raises(DriverError, match="a container that this driver did not make"):
        installation.do("cancel", vm)
    assert (stock / "config").read_text() == "lxc.uts.name = stock\n"
    (stock / "config").unlink()
    stock.rmdir()
    assert attempt.current(installation.container(vm).state) is None


@pytest.mark.guest
def test_one_container_cannot_read_another_ones_root(
    installation: Installation, images: Images
) -> None:
    """A process of A, handed a descriptor on B's root directory, is nobody there."""
    first, second = (installation.vm(n, root=images.busybox()) for n in (71001, 71002))
    for vm in (first, second):
        installation.do("deploy", vm)
        installation.attach(vm, "sh", "-c", "mkdir -m 700 /secret; echo s > /secret/s")
    uid = int(installation.attach(first, "cat", "/proc/self/uid_map").split()[1])
    victim = installation.container(second).init()
    done = subprocess.run(
        [
            "setpriv",
            f"--reuid={uid}",
            f"--regid={uid}",
            "--clear-groups",
            "--bounding-set=-all",
            "sh",
            "-c",
            "cat secret/s",
        ],
        cwd=f"/proc/{victim}/root",
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert b"Permission denied" in done.stderr
