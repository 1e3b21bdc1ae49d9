"""Deploy, reboot, reset, shutdown, cancel of real containers, and what is left of them."""

import json
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.busybox import until
from support.installation import Images, Installation, data_disk, mounted, nic, own, run, settled

from vmm import journal, logs
from vmm.errors import DriverError, NotFound
from vmm.lxc import monitor
from vmm.spec import Disk, DiskKind, VmSpec

pytestmark = pytest.mark.host

PATIENCE = 200.0


@pytest.mark.parametrize(
    ("kind", "unprivileged"),
    [
        pytest.param("ext4", True, marks=pytest.mark.guest),
        pytest.param("ext4", False, marks=pytest.mark.guest),
        pytest.param("xfs", True, marks=pytest.mark.guest),
        ("xfs", False),
        pytest.param("btrfs", True, marks=pytest.mark.guest),
        ("btrfs", False),
    ],
)
def test_deploy_and_shutdown_leave_nothing(
    installation: Installation, images: Images, kind: str, unprivileged: bool
) -> None:
    context = images.context({"context.sh": "ETH0_IP='10.1.2.3'\n"})
    vm = installation.vm(
        71001,
        data_disk(1, installation.image(71001, 1, images.empty(kind))),
        Disk(
            2,
            DiskKind.CONTEXT,
            str(installation.image(71001, 2, context)),
            "/context",
            readonly=True,
        ),
        root=images.busybox(kind),
        wants_unprivileged=unprivileged,
    )
    before = installation.traces()

    assert installation.do("deploy", vm) == "one-71001"

    ids = installation.attach(vm, "cat", "/proc/self/uid_map").split()
    assert (ids[1] != "0") == unprivileged
    assert "10.1.2.3" in installation.attach(vm, "cat", "/context/context.sh")
    installation.attach(vm, "sh", "-c", "echo kept > /media/one-disk.1/file; echo kept > /file")
    listed = installation.attach(vm, "stat", "-c", "%u", "/bin/busybox", "/media/one-disk.1/file")
    assert listed.split() == ["0", "0"]
    assert str(installation.base) not in Path("/proc/self/mountinfo").read_text()
    disks = json.loads((installation.base / "ct/one-71001/disks.json").read_text())
    assert [entry["disk_id"] for entry in disks] == [0, 1]
    assert installation.do("poll", vm) == "STATE=a"

    installation.do("shutdown", vm)

    assert settled(installation, before) == before
    for disk in vm.disks[:2]:
        _has_file(Path(disk.source), "file", owner=0)


def _has_file(image: Path, name: str, owner: int) -> None:
    point = image.parent / "point"
    point.mkdir(exist_ok=True)
    found = mounted(image, point, f"cat {name}; stat -c %u {name}", "loop,ro")
    assert found == f"kept\n{owner}\n"


def test_a_repeated_deploy_changes_nothing(installation: Installation, images: Images) -> None:
    vm = installation.vm(71001, root=images.busybox())
    installation.do("deploy", vm)
    pid, traces = installation.container(vm).init(), installation.traces()

    assert installation.do("deploy", vm) == "one-71001"

    assert f"one-71001 is already running (pid {pid})" in installation.told.infos
    assert installation.traces() == traces
    installation.do("cancel", vm)
    installation.do("cancel", vm)
    installation.do("shutdown", vm)
    entries = journal.read(installation.policy.journal, "one-71001")
    assert [(entry.action, entry.outcome) for entry in entries] == [
        ("deploy", "done"),
        ("deploy", "done"),
        ("cancel", "done"),
        ("cancel", "done"),
        ("shutdown", "done"),
    ]


@pytest.mark.guest
def test_reboot_waits_for_another_init(installation: Installation, images: Images) -> None:
    disk = data_disk(1, installation.image(71001, 1, images.empty()))
    vm = installation.vm(71001, disk, root=images.busybox())
    installation.do("deploy", vm)
    first = installation.container(vm).init()

    installation.do("reboot", vm)

    second = installation.container(vm).init()
    assert second not in (None, first)
    # LXC's own idmap=container is forgotten on a reboot: the root would be nobody's.
    assert installation.attach(vm, "stat", "-c", "%u", "/").strip() == "0"
    installation.attach(vm, "touch", "/file")
    assert "/media/one-disk.1" in installation.attach(vm, "cat", "/proc/mounts")

    installation.do("reset", vm)

    assert installation.container(vm).init() not in (None, second)
    assert "/media/one-disk.1" in installation.attach(vm, "cat", "/proc/mounts")


@pytest.mark.parametrize("action", ["shutdown", "cancel"])
def test_a_guest_that_reboots_meanwhile_does_not_come_back(
    installation: Installation, images: Images, action: str
) -> None:
    vm = installation.vm(own(1), root=images.busybox())
    before = installation.traces()
    installation.do("deploy", vm)
    # busybox takes two seconds for it and heeds nobody then.
    installation.attach(vm, "reboot", check=False)

    installation.do(action, vm)

    assert settled(installation, before) == before


@pytest.mark.parametrize("action", ["shutdown", "cancel"])
def test_no_end_is_told_while_a_disk_is_in_use(
    installation: Installation, images: Images, action: str
) -> None:
    """What OpenNebula copies or deletes next is the image."""
    vm = installation.vm(own(1), root=images.busybox())
    before = installation.traces()
    installation.do("deploy", vm)
    inside = f"/proc/{installation.container(vm).init()}/root/etc"
    with subprocess.Popen(["/bin/sleep", "1000"], cwd=inside) as holder:
        try:
            with pytest.raises(DriverError, match=r"disk 0 .* is still in use on /dev/loop"):
                installation.do(action, vm)
        finally:
            holder.kill()
    installation.do(action, vm)
    assert settled(installation, before) == before


@pytest.mark.parametrize("name", ["plan.json", "disks.json", "monitor.json", "attempt.json"])
def test_records_that_a_power_cut_tore(
    installation: Installation, images: Images, name: str
) -> None:
    torn, other = (installation.vm(own(n), root=images.busybox()) for n in (1, 2))
    before = installation.traces()
    for action in ("deploy", "cancel"):
        installation.do("deploy", torn)
        run("lxc-stop", "-k", "-P", installation.policy.lxc, "-n", torn.name)
        assert monitor.ended(installation.container(torn).state, 120)
        for text in ("", '{"torn'):
            Path(installation.policy.state, torn.name, name).write_text(text)
            installation.do("deploy", other)
            installation.do("cancel", other)
        installation.do(action, torn)
    assert settled(installation, before) == before


@pytest.mark.guest
def test_reboot_from_inside_and_start_by_hand(installation: Installation, images: Images) -> None:
    disk = data_disk(1, installation.image(71001, 1, images.empty()))
    vm = installation.vm(71001, disk, root=images.busybox())
    installation.do("deploy", vm)
    container = installation.container(vm)
    first = container.init()

    installation.attach(vm, "reboot", check=False)
    until(lambda: container.init() not in (None, first), "a reboot from inside")
    installation.attach(vm, "poweroff", check=False)
    # LXC calls it running until then, and a start by hand would be none.
    assert monitor.ended(container.state, 120), "a poweroff from inside"
    lxc = ("-P", installation.policy.lxc, "-n", vm.name)
    run("lxc-start", *lxc)

    assert "/media/one-disk.1" in installation.attach(vm, "cat", "/proc/mounts")
    assert vm.name in run("lxc-ls", "-P", installation.policy.lxc)
    assert "RUNNING" in run("lxc-info", *lxc)
    started_by_hand = container.init()
    installation.do("reboot", vm)
    assert container.init() not in (None, started_by_hand)


@pytest.mark.parametrize("by_hand", [False, True])
def test_reboots_do_not_fill_the_logs(
    installation: Installation, images: Images, by_hand: bool
) -> None:
    """Should LXC tell an error at each of them."""
    vm = installation.vm(71001, root=images.busybox())
    installation.do("deploy", vm)
    container = installation.container(vm)
    if by_hand:
        installation.attach(vm, "poweroff", check=False)
        assert monitor.ended(container.state, 120)
        run("lxc-start", "-P", installation.policy.lxc, "-n", vm.name)
    log = Path(container.logs, logs.LXC_LOG if by_hand else logs.START_LOG)
    with log.open("r+") as file:
        file.write("x" * (logs.MAX_BYTES + 1))
    before = container.init()

    installation.attach(vm, "reboot", check=False)

    until(lambda: container.init() not in (None, before), "a reboot from inside")
    assert log.stat().st_size < logs.MAX_BYTES


@pytest.mark.guest
def test_cancel_of_a_frozen_container(installation: Installation, images: Images) -> None:
    vm = installation.vm(71001, root=images.busybox())
    installation.do("deploy", vm)
    run("lxc-freeze", "-P", installation.policy.lxc, "-n", vm.name)
    assert installation.do("poll", vm) == "STATE=p"
    begun = time.monotonic()
    installation.container(vm).stop(grace=PATIENCE)
    assert time.monotonic() - begun < PATIENCE, "its monitor did not end by itself"
    installation.do("cancel", vm)


@pytest.mark.guest
def test_shutdown_thaws(installation: Installation, images: Images) -> None:
    vm = installation.vm(71001, root=images.busybox())
    installation.do("deploy", vm)
    run("lxc-freeze", "-P", installation.policy.lxc, "-n", vm.name)
    installation.do("shutdown", vm)


@pytest.mark.guest
def test_cancel_of_a_container_whose_monitor_hangs_or_is_dead(
    installation: Installation, images: Images
) -> None:
    vm = installation.vm(71001, root=images.busybox())
    for number in (signal.SIGSTOP, signal.SIGKILL):
        installation.do("deploy", vm)
        recorded = json.loads((installation.base / "ct/one-71001/monitor.json").read_text())
        os.kill(recorded["pid"], number)
        container = installation.container(vm)
        container.stop(grace=1)
        installation.do("cancel", vm)
        assert container.cgroups.directories() == []


def test_shutdown_of_a_deaf_guest_is_an_honest_failure(images: Images) -> None:
    installation = Installation(shutdown_timeout=1.0)
    vm = installation.vm(71001, root=images.busybox())
    try:
        installation.do("deploy", vm)
        installation.attach(vm, "sh", "-c", "kill -STOP $(pidof sleep); kill -STOP 1")
        run("lxc-freeze", "-P", installation.policy.lxc, "-n", vm.name)
        os.kill(installation.container(vm).init() or 0, signal.SIGSTOP)
        with pytest.raises(DriverError, match="did not power off within 1 s and goes on running"):
            installation.do("shutdown", vm)
        assert installation.container(vm).init() is not None
        installation.do("cancel", vm)
    finally:
        installation.close()


@pytest.mark.guest
def test_a_deploy_clears_what_a_killed_monitor_left(
    installation: Installation, images: Images, bridge: str
) -> None:
    disk = data_disk(1, installation.image(71001, 1, images.empty()))
    vm = installation.vm(71001, disk, root=images.busybox(), nics=(nic(71001, 0, bridge),))
    installation.do("deploy", vm)
    container = installation.container(vm)
    names = container.cgroups.directories()
    recorded = json.loads(Path(container.state.path("monitor.json")).read_text())
    os.kill(recorded["pid"], signal.SIGKILL)
    until(lambda: container.init() is None, "the container to die with its monitor")
    assert container.cgroups.directories() != []

    installation.do("deploy", vm)

    assert container.cgroups.directories() == names
    assert installation.attach(vm, "cat", "/sys/class/net/eth0/address").strip() == vm.nics[0].mac


def test_actions_on_one_vm_take_turns(installation: Installation, images: Images) -> None:
    vm = installation.vm(71001, root=images.busybox())
    children = [installation.spawn("deploy", vm) for _ in range(3)]
    said = [child.communicate(timeout=280) for child in children]
    assert [out for out, _ in said] == [b"one-71001\n"] * 3
    assert sum(b"is already running" in err for _, err in said) == 2


def test_every_container_has_ids_of_its_own(images: Images) -> None:
    """VM ids that fall on one slot of the pool get different ones; a full pool is told."""
    installation = Installation(id_pool_slots=2)
    try:
        vms = [installation.vm(vmid, root=images.busybox()) for vmid in (71001, 71003, 71005)]
        for vm in vms[:2]:
            installation.do("deploy", vm)
        maps = [installation.attach(vm, "cat", "/proc/self/uid_map").split() for vm in vms[:2]]
        start = installation.policy.id_pool_start
        assert sorted(int(line[1]) for line in maps) == [start, start + 65536]
        with pytest.raises(DriverError, match="all 2 id ranges of this node's pool are taken"):
            installation.do("deploy", vms[2])
        installation.do("cancel", vms[0])
        installation.do("deploy", vms[2])
    finally:
        installation.close()


def test_actions_on_what_is_not_there(installation: Installation, images: Images) -> None:
    vm = installation.vm(71001, root=images.busybox())
    assert installation.do("poll", vm) == "STATE=d"
    for action in ("reboot", "reset"):
        with pytest.raises(NotFound):
            installation.do(action, vm)
    with pytest.raises(DriverError, match="migrate is not supported"):
        installation.do("migrate", vm)


@pytest.mark.guest
def test_two_nics_and_a_ping(installation: Installation, images: Images, bridge: str) -> None:
    first, second = (
        installation.vm(
            vmid,
            root=images.busybox(),
            nics=(nic(vmid, 0, bridge), nic(vmid, 1, bridge, mtu=1400)),
        )
        for vmid in (71001, 71002)
    )
    for number, vm in enumerate((first, second), 1):
        installation.do("deploy", vm)
        assert Path(f"/sys/class/net/{vm.name}-1").exists()
        assert Path(f"/sys/class/net/{vm.name}-0/brport").exists()
        installation.attach(vm, "ifconfig", "eth0", f"10.71.0.{number}", "up")
        assert installation.attach(vm, "cat", "/sys/class/net/eth1/mtu").strip() == "1400"
        address = installation.attach(vm, "cat", "/sys/class/net/eth0/address").strip()
        assert address == vm.nics[0].mac

    for vm in (first, second):  # until then the bridge passes nothing on
        until(lambda vm=vm: _is_up(f"{vm.name}-0"), f"{vm.name}'s NIC to be up")
    assert " 0% packet loss" in installation.attach(
        first, "ping", "-c", "2", "-W", "60", "10.71.0.2"
    )


def _is_up(interface: str) -> bool:
    return Path(f"/sys/class/net/{interface}/operstate").read_text() == "up\n"


def test_a_missing_bridge_is_told_before_anything_is_changed(
    installation: Installation, images: Images
) -> None:
    vm = installation.vm(71001, root=images.busybox(), nics=(nic(71001, 0, "nxvenone"),))
    before = installation.traces()
    with pytest.raises(NotFound, match="there is no bridge nxvenone"):
        installation.do("deploy", vm)
    assert installation.traces() == before


@pytest.mark.parametrize("count", [20, pytest.param(4, marks=pytest.mark.guest)])
def test_many_deploys_at_once(installation: Installation, images: Images, count: int) -> None:
    vms = [installation.vm(71100 + n, root=images.busybox()) for n in range(count)]
    with ThreadPoolExecutor(count) as pool:
        assert list(pool.map(lambda vm: _in_process(installation, "deploy", vm), vms)) == [
            vm.name for vm in vms
        ]
    ranges = {installation.attach(vm, "cat", "/proc/self/uid_map").split()[1] for vm in vms}
    assert len(ranges) == count
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda vm: _in_process(installation, "cancel", vm), vms))


def _in_process(installation: Installation, action: str, vm: VmSpec) -> str:
    return installation.spawn(action, vm).communicate(timeout=280)[0].decode().strip()
