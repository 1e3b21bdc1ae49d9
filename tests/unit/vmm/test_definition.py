import os
from pathlib import Path

import msgspec
import pytest

from vmm import definition, kept, logs, preflight
from vmm.container import Container
from vmm.errors import DriverError
from vmm.host import Host
from vmm.idrange import IdRange
from vmm.lxc import stub
from vmm.mounting import idmap
from vmm.plan import CONTEXT, PlannedDisk
from vmm.policy import NodePolicy
from vmm.spec import Disk, DiskKind, DiskType, Limits, VmSpec
from vmm.state import SPEC, State


def _vm(*disks: Disk) -> VmSpec:
    return VmSpec(vmid=7, limits=Limits(cpu=1, memory_bytes=1 << 26), datastore_id=0, disks=disks)


ROOT = Disk(0, DiskKind.IMAGE, "/ds/0/7/disk.0", "/")


def test_what_the_hooks_will_do() -> None:
    vm = _vm(
        ROOT,
        Disk(1, DiskKind.VOLATILE, "/ds/0/7/disk.1", "/media/one-disk.1", readonly=True),
        Disk(2, DiskKind.SWAP, "/ds/0/7/disk.2", ""),
        Disk(3, DiskKind.CONTEXT, "/ds/0/7/disk.3", "/context", readonly=True),
    )
    plan = definition.plan(vm, IdRange(1_100_000_000))
    assert (plan.name, plan.uid, plan.gid) == ("one-7", 1_100_000_000, 1_100_000_000)
    assert plan.disks == (
        PlannedDisk(0, "raw", "/ds/0/7/disk.0", "/"),
        PlannedDisk(1, "raw", "/ds/0/7/disk.1", "/media/one-disk.1", readonly=True),
        PlannedDisk(3, CONTEXT, "/ds/0/7/disk.3", "/context", readonly=True),
    )
    assert definition.plan(vm, None).uid == 0


@pytest.mark.parametrize(
    "disk",
    [
        Disk(0, DiskKind.IMAGE, "x", "/", format="qcow2"),
        Disk(0, DiskKind.IMAGE, "x", "/", type=DiskType.RBD),
        Disk(0, DiskKind.IMAGE, "x", "/", type=DiskType.BLOCK),
    ],
)
def test_storage_without_a_mapper_is_refused(disk: Disk) -> None:
    with pytest.raises(DriverError, match=r"disk 0 is a .* which is not supported"):
        definition.plan(_vm(disk), None)


def test_a_disk_of_such_storage_is_not_looked_for_as_a_file(tmp_path: Path) -> None:
    """A logical volume is a symlink there, and an RBD image nothing at all."""
    volatile = tmp_path / "disk.0"
    volatile.touch()
    os.truncate(volatile, 1 << 20)
    first = Disk(0, DiskKind.VOLATILE, str(volatile), "/")
    block = Disk(1, DiskKind.IMAGE, str(tmp_path / "disk.1"), "/data", type=DiskType.BLOCK)
    with pytest.raises(DriverError, match="disk 1 is a raw block image, which is not supported"):
        preflight.check(_vm(first, block), Host(), NodePolicy())
    assert volatile.read_bytes() == bytes(1 << 20)  # the refused VM's others are as they were


def test_the_spec_as_applied_comes_back(tmp_path: Path) -> None:
    state = State(str(tmp_path / "one-7"))
    state.create()
    vm = _vm(ROOT)
    state.write_text(SPEC, msgspec.json.encode(vm).decode())
    assert kept.spec(state) == vm


def test_lxcs_own_directory(tmp_path: Path) -> None:
    directory = str(tmp_path / "one-7")
    assert stub.is_ours(directory)
    stub.write(directory, "/var/lib/nebulxc/ct/one-7/config")
    assert stub.is_ours(directory)
    assert (tmp_path / "one-7/config").read_text().splitlines()[1:] == [
        "lxc.include = /var/lib/nebulxc/ct/one-7/config"
    ]
    stub.remove(directory)
    stub.remove(directory)
    assert not (tmp_path / "one-7").exists()
    (tmp_path / "one-7").mkdir()
    (tmp_path / "one-7/config").write_text("lxc.uts.name = stock\n")
    assert not stub.is_ours(directory)
    (tmp_path / "one-7/rootfs").mkdir()
    with pytest.raises(DriverError, match=r"cannot remove .*one-7: Directory not empty"):
        stub.remove(directory)


@pytest.mark.parametrize(
    ("owner", "first"),
    [(0, 0), (1000, 0), (65535, 0), (600100001, 600100001), (600100034, 600100001)],
)
def test_where_the_ids_of_a_disk_begin(owner: int, first: int) -> None:
    assert idmap._first_id(owner, "disk 0") == first


@pytest.mark.parametrize("owner", [65536, 600100000, 600165537])
def test_a_disk_shifted_to_another_range_is_refused(owner: int) -> None:
    with pytest.raises(DriverError, match=f"the root of disk 0 belongs to id {owner}"):
        idmap._first_id(owner, "disk 0")


class TestLogs:
    def test_kept_within_bounds(self, tmp_path: Path) -> None:
        policy = NodePolicy(log=str(tmp_path / "log"), state=str(tmp_path / "ct"))
        directory = Path(logs.prepare("one-7", policy))
        (directory / logs.START_LOG).write_text("of the last start")
        (directory / logs.LXC_LOG).write_bytes(b"x" * (logs.MAX_BYTES + 1))
        logs.prepare("one-7", policy)
        assert sorted(path.name for path in directory.iterdir()) == ["lxc.log.old"]

    def test_expired_when_old_and_of_no_container(self, tmp_path: Path) -> None:
        policy = NodePolicy(log=str(tmp_path / "log"), state=str(tmp_path / "ct"))
        for name in ("one-1", "one-2", "one-3"):
            logs.prepare(name, policy)
        (tmp_path / "log/other").mkdir()
        (tmp_path / "ct/one-2").mkdir(parents=True)
        for name in ("one-1", "one-2", "other"):
            os.utime(tmp_path / "log" / name, (0, 0))
        os.utime(tmp_path / "log/one-3", (0, 0))
        logs.used(str(tmp_path / "log/one-3"))
        logs.used(str(tmp_path / "log/none"))
        logs.expire(policy)
        assert {path.name for path in (tmp_path / "log").iterdir()} == {"one-2", "one-3", "other"}

    def test_the_end_of_a_container_lets_them_expire(self, tmp_path: Path) -> None:
        (tmp_path / "lxc").mkdir()
        policy = NodePolicy(
            log=str(tmp_path / "log"), state=str(tmp_path / "ct"), lxc=str(tmp_path / "lxc")
        )
        for name in ("one-1", "one-7"):
            logs.prepare(name, policy)
            os.utime(tmp_path / "log" / name, (0, 0))
        Container("one-7", policy, Host()).undefine()
        assert [path.name for path in (tmp_path / "log").iterdir()] == ["one-7"]

    def test_no_action_fails_for_those_that_stay(self, tmp_path: Path) -> None:
        """It comes after a container runs: to fail there would leave it running, told as failed."""
        (tmp_path / "log").touch()
        logs.expire(NodePolicy(log=str(tmp_path / "log")))

    def test_errors_without_their_place_in_lxcs_source(self, tmp_path: Path) -> None:
        log = tmp_path / "start.log"
        log.write_text(
            "lxc-start one-7 2026 WARN  cgfsng - ../src/lxc/x.c:f:1 - harmless\n"
            "lxc-start one-7 2026 ERROR utils - ../src/lxc/utils.c:run:599 - Script exited - 1\n"
        )
        assert logs.errors(str(log)) == "Script exited - 1"
        assert logs.errors(str(tmp_path / "none")) == ""
