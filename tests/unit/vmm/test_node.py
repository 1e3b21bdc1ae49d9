"""Layouts as hosts have them: the mount tables are shortened by hand."""

from pathlib import Path

import pytest

from vmm import node
from vmm.cgroup.cgroups import Layout
from vmm.policy import NodePolicy

V1 = (
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "36 31 0:33 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n"
    "39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
)
V2 = "30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
LXCFS = "50 23 0:40 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw,user_id=0\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("proc/self", "sys/fs/cgroup/memory", "sys/fs/cgroup/unified"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "proc/cmdline").write_text("quiet\n")
    return tmp_path


def mounts(root: Path, text: str) -> Path:
    (root / "proc/self/mountinfo").write_text(text)
    return root


def test_a_hybrid_host_keeps_its_controllers_on_v1(root: Path) -> None:
    (root / "sys/fs/cgroup/memory/memory.memsw.limit_in_bytes").touch()
    (root / "sys/fs/cgroup/unified/cgroup.controllers").write_text("hugetlb\n")
    expected = Layout(cpu=1, cpuset=1, memory=1, pids=1, devices=1, swap=True)
    assert node.layout(mounts(root, V1)) == expected


def test_v1_without_swap_accounting(root: Path) -> None:
    assert not node.layout(mounts(root, V1)).swap


def test_a_unified_host(root: Path) -> None:
    (root / "sys/fs/cgroup/cgroup.controllers").write_text("cpuset cpu io memory\n")
    expected = Layout(cpu=2, cpuset=2, memory=2, pids=0, devices=2, swap=True)
    assert node.layout(mounts(root, V2)) == expected
    (root / "proc/cmdline").write_text("quiet swapaccount=0\n")
    assert not node.layout(root).swap


def test_a_host_without_cgroups(root: Path) -> None:
    found = node.layout(mounts(root, ""))
    assert (found.cpu, found.memory, found.devices) == (0, 0, 0)


def test_lxcfs_counts_only_where_it_is_mounted(root: Path) -> None:
    for name in ("proc/meminfo", "proc/stat", "proc/other"):
        path = root / "var/lib/lxcfs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert node.read(NodePolicy(), mounts(root, V2)).lxcfs == ()
    served = node.read(NodePolicy(), mounts(root, V2 + LXCFS)).lxcfs
    assert served == ("proc/meminfo", "proc/stat")


def test_apparmor_and_seccomp(root: Path) -> None:
    mounts(root, V2)
    bare = node.read(NodePolicy(), root)
    assert (bare.apparmor, bare.seccomp) == (False, False)
    enabled = root / "sys/module/apparmor/parameters/enabled"
    enabled.parent.mkdir(parents=True)
    enabled.write_text("Y\n")
    seccomp = root / NodePolicy().seccomp.lstrip("/")
    seccomp.parent.mkdir(parents=True)
    seccomp.touch()
    found = node.read(NodePolicy(), root)
    assert (found.apparmor, found.seccomp) == (True, True)


def test_this_machine_can_be_read() -> None:
    assert node.read(NodePolicy()).layout.memory in {1, 2}
