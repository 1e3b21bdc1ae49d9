"""Over a directory that stands for a mounted cgroup tree; the names are LXC's."""

import os
from pathlib import Path

import pytest

from vmm.cgroup import limits
from vmm.cgroup.cgroup_tree import CgroupTree, Hierarchy, hierarchies
from vmm.cgroup.cgroups import V1, V2, Setting
from vmm.errors import DriverError, NotFound

MOUNTINFO = """\
29 23 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
30 29 0:27 / /sys/fs/cgroup/memory rw,nosuid shared:10 - cgroup cgroup rw,memory
31 29 0:28 / /sys/fs/cgroup/unified rw,nosuid shared:11 - cgroup2 cgroup2 rw,nsdelegate
"""


@pytest.fixture
def tree(tmp_path: Path) -> CgroupTree:
    for version in ("v1", "v2"):
        for name in ("lxc.payload.one-7", "lxc.payload.one-71", "lxc.payload.one-7-1", "lxc.pivot"):
            (tmp_path / version / name / "nested").mkdir(parents=True)
        (tmp_path / version / "lxc.monitor.one-7").mkdir()
    (tmp_path / "v1/lxc.payload.one-7/freezer.state").write_text("FROZEN")
    trees = (
        Hierarchy(str(tmp_path / "v1"), 1, ("rw", "memory", "freezer")),
        Hierarchy(str(tmp_path / "v2"), 2, ("rw",)),
    )
    return CgroupTree("one-7", trees)


def test_mounted_trees(tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTINFO)
    assert hierarchies(str(tmp_path / "mountinfo")) == (
        Hierarchy("/sys/fs/cgroup/memory", 1, ("rw", "memory")),
        Hierarchy("/sys/fs/cgroup/unified", 2, ("rw", "nsdelegate")),
    )


def test_one_7_is_not_one_71(tree: CgroupTree) -> None:
    assert {os.path.basename(path) for path in tree.directories()} == {
        "lxc.payload.one-7",
        "lxc.payload.one-7-1",
        "lxc.monitor.one-7",
    }


def test_empty_groups_go_and_others_stay(tree: CgroupTree, tmp_path: Path) -> None:
    (tmp_path / "v1/lxc.payload.one-7/freezer.state").unlink()
    (tmp_path / "v2/lxc.payload.one-7/nested/busy").touch()
    tree.remove(0)
    assert [path.removeprefix(str(tmp_path)) for path in tree.directories()] == [
        "/v2/lxc.payload.one-7"
    ]
    assert (tmp_path / "v1/lxc.payload.one-71/nested").is_dir()


def test_thawed_where_it_can_be_frozen(tree: CgroupTree, tmp_path: Path) -> None:
    tree.thaw()
    assert (tmp_path / "v1/lxc.payload.one-7/freezer.state").read_text() == "THAWED"


def test_pids_of_nested_groups_too(tree: CgroupTree, tmp_path: Path) -> None:
    (tmp_path / "v1/lxc.payload.one-7/cgroup.procs").write_text("10\n")
    (tmp_path / "v2/lxc.payload.one-7/nested/cgroup.procs").write_text("11\n12\n")
    assert tree.pids() == {10, 11, 12}


def test_our_own_process_is_no_init(tree: CgroupTree, tmp_path: Path) -> None:
    (tmp_path / "v1/lxc.payload.one-7/cgroup.procs").write_text(f"{os.getpid()}\n999999999\n")
    assert tree.init() is None


class TestLimits:
    FILE = "v1/lxc.payload.one-7-1/memory.limit_in_bytes"

    @pytest.fixture(autouse=True)
    def _living(self, tree: CgroupTree) -> None:
        """The container lives in -1: a crash left its usual name behind."""
        for path in tree.directories():
            if path.endswith("lxc.payload.one-7-1"):
                Path(path, "cgroup.procs").write_text("10\n")

    def test_written_and_read_back(self, tree: CgroupTree, tmp_path: Path) -> None:
        (tmp_path / self.FILE).write_text("1")
        wanted = (Setting(V1, "memory.limit_in_bytes", "1048577"),)
        assert limits.mismatches(tree, wanted) == ["memory.limit_in_bytes is 1, not 1048577"]
        limits.apply(tree, wanted)
        assert (tmp_path / self.FILE).read_text() == "1048577"
        (tmp_path / self.FILE).write_text("1048576\n")  # the kernel rounds down to pages
        assert limits.mismatches(tree, wanted) == []

    def test_a_keyed_file_reads_back_by_its_first_key(
        self, tree: CgroupTree, tmp_path: Path
    ) -> None:
        file = tmp_path / "v1/lxc.payload.one-7-1/memory.oom_control"
        file.write_text("oom_kill_disable 1\nunder_oom 0\n")
        assert limits.mismatches(tree, (Setting(V1, "memory.oom_control", "1"),)) == []
        assert limits.mismatches(tree, (Setting(V1, "memory.oom_control", "0"),)) != []

    def test_a_list_reads_back_as_the_kernel_writes_it(
        self, tree: CgroupTree, tmp_path: Path
    ) -> None:
        """OpenNebula joins the CPUs of a pinned VM's nodes, in its own order, by commas."""
        (tmp_path / "v2/lxc.payload.one-7-1/cpuset.cpus").write_text("0-2,8\n")
        assert limits.mismatches(tree, (Setting(V2, "cpuset.cpus", "8,2,0-1"),)) == []
        assert limits.mismatches(tree, (Setting(V2, "cpuset.cpus", "0-2"),)) == [
            "cpuset.cpus is 0-2,8, not 0-2"
        ]

    def test_a_controller_that_is_missing_is_told(self, tree: CgroupTree) -> None:
        with pytest.raises(NotFound, match="one-7 has no cgroup of the controller pids"):
            limits.apply(tree, (Setting(V1, "pids.max", "5"),))

    def test_a_file_that_is_missing_is_told(self, tree: CgroupTree) -> None:
        with pytest.raises(DriverError, match=r"cannot write 5 to .*v2.*pids\.max: No such file"):
            limits.apply(tree, (Setting(V2, "pids.max", "5"),))

    @pytest.mark.parametrize(("before", "first"), [("100", "memsw"), ("900", "limit")])
    def test_growing_and_shrinking_go_in_opposite_orders(
        self, tree: CgroupTree, tmp_path: Path, before: str, first: str
    ) -> None:
        (tmp_path / self.FILE).write_text(before)
        memory = Setting(V1, limits.MEMORY, "500")
        swap = Setting(V1, limits.MEMSW, "500")
        ordered = limits._ordered(tree, [memory, swap])
        assert ordered == ([swap, memory] if first == "memsw" else [memory, swap])
