"""What is left over: made for real, found, removed; and what only looks like it left alone."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.installation import Installation, run
from support.ward import OTHER, VMID, Ward

from vmm import attachments, attempt, lock, stock
from vmm.attachments import Attachment
from vmm.cgroup.cgroup_tree import hierarchies
from vmm.lxc import monitor, stub
from vmm.mounting import loop

pytestmark = pytest.mark.host


@contextlib.contextmanager
def mounted(point: Path) -> Iterator[Path]:
    point.mkdir(parents=True, exist_ok=True)
    run("mount", "-t", "tmpfs", "nxid", str(point))
    try:
        yield point
    finally:
        run("umount", str(point), check=False)


def is_mounted(point: Path | str) -> bool:
    table = Path("/proc/self/mountinfo").read_text().splitlines()
    return any(line.split()[4] == str(point) for line in table)


def test_a_healthy_container_is_left_alone(ward: Ward) -> None:
    assert ward.findings() == []
    ward.deploy()
    assert ward.findings() == []
    ward.halt()
    assert ward.findings() == []
    ward.deploy()
    ward.installation.do("cancel", ward.vm)
    assert ward.findings() == []


def test_while_an_action_is_under_way_nothing_is_said(ward: Ward) -> None:
    ward.deploy()
    ward.halt()
    os.unlink(ward.state.path("plan.json"))
    with lock.exclusive(ward.state.lock, 1, "a test"):
        assert ward.findings() == []
    ward.repaired()


def test_a_mount_in_the_hosts_namespace(ward: Ward, installation: Installation) -> None:
    ward.deploy().halt()
    lookalikes = (installation.base / "elsewhere" / ward.vm.name / "rootfs",)
    theirs = installation.base / "ct" / "theirs" / "rootfs"
    with mounted(lookalikes[0]), mounted(theirs), mounted(Path(ward.state.rootfs)):
        assert ward.one("still mounted in the mount namespace of the host").where == (
            ward.state.rootfs
        )
        ward.repaired()
        assert not is_mounted(ward.state.rootfs)
        assert is_mounted(lookalikes[0])
        assert is_mounted(theirs)
    theirs.rmdir()
    theirs.parent.rmdir()


def test_a_mount_that_another_namespace_holds(ward: Ward) -> None:
    ward.deploy().halt()
    script = f"mount -t tmpfs nxid {ward.state.rootfs}; echo; exec sleep 1000"
    with subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        try:
            found = ward.one("still mounted in the mount namespace of process")
            assert str(holder.pid) in found.what
            ward.repaired()
            assert ward.state.rootfs not in Path(f"/proc/{holder.pid}/mountinfo").read_text()
            assert holder.poll() is None
        finally:
            holder.kill()


def test_a_running_containers_root_is_no_orphan(ward: Ward) -> None:
    ward.deploy()
    pid = ward.container.init()
    assert [one for one in ward.look().repair() if one.finding.subject == ward.vm.name] == []
    assert ward.container.init() == pid


def test_a_loop_device(ward: Ward) -> None:
    ward.deploy().halt()
    assert ward.vm.root is not None
    image = ward.vm.root.source
    ours, theirs = (run("losetup", "--find", "--show", image).strip() for _ in range(2))
    try:
        name = ours.removeprefix("/dev/")
        number = os.stat(ours).st_rdev
        which = os.stat(image)
        entry = Attachment(
            0,
            "raw",
            name,
            (os.major(number), os.minor(number)),
            loop.diskseq(name),
            image,
            (which.st_dev, which.st_ino),
            attempt.boot_id(),
        )
        attachments.save(ward.state, [entry])
        assert ward.one(f"{name} still has disk 0").where == image
        ward.repaired()
        attached = loop.attached()
        assert name not in attached
        assert theirs.removeprefix("/dev/") in attached
        # The same number, used again by somebody else: not what was recorded.
        run("losetup", ours, image)
        assert ward.findings() == []
    finally:
        for device in (ours, theirs):
            run("losetup", "--detach", device, check=False)


def test_a_host_end(ward: Ward) -> None:
    ward.deploy().halt()
    links = {
        f"one-{VMID}-0": "veth",
        f"one-{VMID}-1": "bridge",
        f"one-{OTHER}-0": "veth",
        f"one-{VMID}x-0": "veth",
    }
    for name, kind in links.items():
        run("ip", "link", "add", name, "type", kind)
    try:
        assert f"one-{VMID}-0" in ward.one("of a NIC is left over").what
        ward.repaired()
        left = set(os.listdir("/sys/class/net"))
        assert set(links) - left == {f"one-{VMID}-0"}
    finally:
        for name in links:
            run("ip", "link", "del", name, check=False)


@pytest.mark.parametrize("inhabited", [False, True])
def test_cgroups(ward: Ward, inhabited: bool) -> None:
    ward.deploy().halt()
    (tree,) = (tree for tree in hierarchies() if tree.controllers[-1] == "freezer")
    ours = Path(tree.path, f"lxc.payload.one-{VMID}")
    theirs = Path(tree.path, f"lxc.payload.one-{OTHER}")
    ours.mkdir()
    theirs.mkdir()
    try:
        with subprocess.Popen(["sleep", "1000"]) as stray:
            if inhabited:
                (ours / "cgroup.procs").write_text(str(stray.pid))
            found = ward.one("its cgroups are left over")
            assert ("1 processes in them" in found.what) is inhabited
            ward.repaired()
            if inhabited:  # its cgroup is empty a moment before its end can be seen
                assert stray.wait(60) == -signal.SIGKILL
            assert (stray.poll() is None) is not inhabited
            stray.kill()
        assert not ours.exists()
        assert theirs.exists()
    finally:
        theirs.rmdir()


def test_a_monitor_without_its_container(ward: Ward) -> None:
    ward.deploy()
    pid = ward.state.read("monitor.json")["pid"]
    os.kill(pid, signal.SIGSTOP)
    ward.container.cgroups.kill(10)
    assert "LXC's monitor lives on" in ward.findings()[0].what
    list(ward.look().repair())
    assert monitor.ended(ward.state, 0)
    assert ward.findings() == []


def test_locks(ward: Ward) -> None:
    ward.deploy().halt()
    base = Path(ward.state.base)
    for name in (f".one-{VMID}.lock", f".one-{VMID}.lock.old", ".attach.lock"):
        (base / name).touch()
    assert ward.one("a lock file is left").where == ward.state.lock
    ward.repaired()
    assert {f".one-{VMID}.lock.old", ".attach.lock"} <= set(os.listdir(base))
    (base / f".one-{VMID}.lock.old").unlink()


def test_half_a_definition(ward: Ward) -> None:
    ward.state.create()
    assert "half written: no plan.json" in ward.one("its definition").what
    ward.repaired()
    assert not ward.state.present


@pytest.mark.parametrize("name", ["plan.json", "spec.json", "disks.json", "monitor.json"])
def test_a_damaged_definition(ward: Ward, name: str) -> None:
    ward.deploy().halt()
    Path(ward.state.path(name)).write_text('{"torn')
    assert "is damaged" in ward.one(name).what
    ward.repaired()
    assert not ward.state.present
    assert ward.vm.root is not None
    assert Path(ward.vm.root.source).exists()
    ward.deploy()


def test_lxcs_definition_of_a_container_that_is_gone(
    ward: Ward, installation: Installation
) -> None:
    stub.write(ward.container.stub, ward.state.path("config"))
    theirs = Path(installation.policy.lxc, f"one-{OTHER}")
    theirs.mkdir()
    (theirs / "config").write_text("lxc.uts.name = theirs\n")
    assert ward.one("of a container that is gone").where == ward.container.stub
    ward.repaired()
    assert os.listdir(installation.policy.lxc) == [theirs.name]
    (theirs / "config").unlink()
    theirs.rmdir()


def test_a_definition_that_another_program_replaced(ward: Ward) -> None:
    ward.deploy().halt()
    config = Path(ward.container.stub, "config")
    config.write_text("lxc.uts.name = theirs\n")
    ward.one("another program has since defined")
    ward.repaired()
    assert not ward.state.present
    assert config.read_text() == "lxc.uts.name = theirs\n"
    config.unlink()
    config.parent.rmdir()


def test_a_vm_that_opennebula_does_not_have(ward: Ward) -> None:
    ward.deploy()
    directory = ward.installation.directory(VMID)
    directory.rename(away := directory.with_name("away"))
    found = ward.one("runs, but OpenNebula has no directory")
    assert found.repair is None
    assert f"onevm show {VMID}" in found.remedy
    away.rename(directory)
    ward.halt()
    directory.rename(away)
    ward.one("is defined, but OpenNebula has no directory")
    ward.repaired()
    assert not ward.state.present
    away.rename(directory)


def test_what_the_stock_driver_has_by_now_is_not_ours(
    ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward.deploy()
    ward.installation.do("cancel", ward.vm)
    run("ip", "link", "add", f"one-{VMID}-0", "type", "veth")
    try:
        ward.one("of a NIC is left over")
        monkeypatch.setattr(stock, "HAS", str(tmp_path))
        (tmp_path / str(VMID)).mkdir()
        assert ward.findings() == []
    finally:
        run("ip", "link", "del", f"one-{VMID}-0")


def test_nothing_is_repaired_that_started_meanwhile(ward: Ward) -> None:
    ward.deploy().halt()
    with mounted(Path(ward.state.rootfs)):
        look = ward.look()
    Path(ward.state.lock).unlink(missing_ok=True)
    ward.deploy()
    deadline = time.monotonic() + 60
    while ward.container.init() is None:
        assert time.monotonic() < deadline
    told = [one.problem for one in look.repair() if one.finding.subject == ward.vm.name]
    assert told == ["it was started or ended meanwhile: run this again"]
