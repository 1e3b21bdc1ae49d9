"""How the hierarchies of each layout are mounted."""

from pathlib import Path

from support import captures

from collector.cgroupfs import Hierarchies, memberships


def test_hybrid() -> None:
    found = Hierarchies.mounted(captures.HYBRID)
    cgroups = captures.HYBRID / "sys/fs/cgroup"
    assert found.layout == "hybrid"
    assert found.v1["cpu"] == cgroups / "cpu"
    assert found.v1["cpuacct"] == cgroups / "cpuacct"
    assert found.v2 == cgroups / "unified"
    assert found.primary == cgroups / "freezer"


def test_split_v1(tmp_path: Path) -> None:
    found = Hierarchies.mounted(captures.split(tmp_path))
    assert found.layout == "v1"
    assert found.v2 is None


def test_joint_v1_is_one_directory_for_both_controllers(tmp_path: Path) -> None:
    root = captures.joint(tmp_path)
    found = Hierarchies.mounted(root)
    assert found.v1["cpu"] == found.v1["cpuacct"] == root / "sys/fs/cgroup/cpu,cpuacct"


def test_pure_v2() -> None:
    found = Hierarchies.mounted(captures.V2)
    assert found.layout == "v2"
    assert found.primary == found.v2 == captures.V2 / "sys/fs/cgroup"


def test_a_mount_point_with_a_space(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/mounts").write_text("none /my\\040cgroups cgroup2 rw 0 0\n")
    assert Hierarchies.mounted(tmp_path).v2 == tmp_path / "my cgroups"


def test_a_mount_point_with_a_form_feed(tmp_path: Path) -> None:
    """The kernel escapes white space and newlines, not what else Python calls the end of a line."""
    (tmp_path / "proc").mkdir()
    table = "none /a\fb tmpfs rw 0 0\nnone /c\u2028d tmpfs rw 0 0\nnone /cg cgroup2 rw 0 0\n"
    (tmp_path / "proc/mounts").write_text(table, "utf-8")
    assert Hierarchies.mounted(tmp_path).v2 == tmp_path / "cg"


def test_no_cgroups_at_all(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/mounts").write_text("proc /proc proc rw 0 0\n")
    assert Hierarchies.mounted(tmp_path).primary is None


def test_memberships_of_joint_controllers_and_of_names_with_colons() -> None:
    data = b"5:cpu,cpuacct:/a:b\n1:name=systemd:/x/init.scope\n0::/lxc.payload.c\n"
    assert memberships(data) == {
        "cpu": "/a:b",
        "cpuacct": "/a:b",
        "name=systemd": "/x/init.scope",
        "": "/lxc.payload.c",
    }
