from pathlib import Path

import pytest

from collector.cgroupfs import Hierarchies
from collector.inits import init_of, payloads, tree

V1 = """\
tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/freezer cgroup rw,freezer 0 0
"""
V2 = "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n"


@pytest.mark.parametrize("mounts", [V1, V2, "proc /proc proc rw 0 0\n"])
def test_the_hierarchy_that_the_inventory_looks_at(tmp_path: Path, mounts: str) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/mounts").write_text(mounts)
    proper = Hierarchies.mounted(tmp_path).primary
    assert tree(tmp_path) == (str(proper) if proper else None)


def process(root: Path, pid: int, inside: str) -> None:
    (root / f"proc/{pid}").mkdir(parents=True)
    (root / f"proc/{pid}/status").write_text(f"Name:\tx\nNSpid:\t{pid}{inside}\nNSpgid:\t1\n")


@pytest.mark.parametrize("place", ["", "/init.scope"])
def test_the_init_among_its_processes(tmp_path: Path, place: str) -> None:
    process(tmp_path, 40, "")
    process(tmp_path, 41, "\t7\t1")
    process(tmp_path, 42, "\t1")
    cgroup = tmp_path / f"cgroup/lxc.payload.one-7{place}"
    cgroup.mkdir(parents=True)
    (cgroup / "cgroup.procs").write_text("40\n41\n39\n42\n")
    assert init_of(tmp_path, str(tmp_path / "cgroup"), "one-7") == 42
    assert init_of(tmp_path, str(tmp_path / "cgroup"), "one-8") is None
    (tmp_path / "cgroup/lxc.monitor.one-7").mkdir()
    assert payloads(str(tmp_path / "cgroup")) == ["one-7"]
