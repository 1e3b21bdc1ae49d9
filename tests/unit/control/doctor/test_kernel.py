"""The checks of the kernel, over small trees made by hand."""

from pathlib import Path

import pytest

from control.doctor import kernel
from control.doctor.finding import Finding
from control.doctor.sight import Sight
from vmm.host import Host
from vmm.policy import NodePolicy

SIGHT = Sight(NodePolicy(), Host(), ())
V2 = "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
V1 = "".join(
    f"{31 + place} 1 0:{27 + place} / /cg/{name} rw - cgroup cgroup rw,{name}\n"
    for place, name in enumerate(("cpu", "cpuset", "memory", "pids", "devices"))
)


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A host that has everything."""
    texts = {
        "proc/sys/kernel/osrelease": "6.1.0-18-amd64\n",
        "proc/sys/user/max_user_namespaces": "31000\n",
        "proc/filesystems": "nodev\tproc\n\text4\n",
        "proc/self/mountinfo": V2,
        "proc/cmdline": "quiet\n",
        "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
        "dev/loop-control": "",
    }
    for name in kernel.NAMESPACES:
        texts[f"proc/self/ns/{name}"] = ""
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def findings(host: Path) -> list[Finding]:
    return list(kernel.check(SIGHT, host))


def test_a_host_that_has_everything(host: Path) -> None:
    assert findings(host) == []


@pytest.mark.parametrize(
    ("file", "text", "what", "remedy"),
    [
        ("proc/sys/kernel/osrelease", "5.10.0-1\n", "Linux 5.10.0-1 cannot map", "Linux 5.15"),
        ("proc/sys/user/max_user_namespaces", "0\n", "user namespaces are turned off", "sysctl"),
        ("proc/filesystems", "\txfs\n", "the kernel has no ext4", "load its module"),
        ("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory\n", "controller pids", "mount"),
        ("proc/cmdline", "swapaccount=0\n", "swap is not accounted", "swapaccount=1"),
    ],
)
def test_what_is_missing(host: Path, file: str, text: str, what: str, remedy: str) -> None:
    (host / file).write_text(text)
    (found,) = findings(host)
    assert what in found.what
    assert remedy in found.remedy
    assert found.note is ("swap" in what)


@pytest.mark.parametrize(
    ("file", "what"),
    [("dev/loop-control", "no loop devices"), ("proc/self/ns/user", "no user namespaces")],
)
def test_what_is_not_there(host: Path, file: str, what: str) -> None:
    (host / file).unlink()
    (found,) = findings(host)
    assert what in found.what


def test_a_module_that_mounting_loads_counts(host: Path) -> None:
    (host / "proc/filesystems").write_text("nodev\tproc\n")
    modules = host / "lib/modules/6.1.0-18-amd64"
    modules.mkdir(parents=True)
    (modules / "modules.dep").write_text("kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko\n")
    assert findings(host) == []


def test_cgroup_v1(host: Path) -> None:
    (host / "proc/self/mountinfo").write_text(V1)
    (host / "cg/memory").mkdir(parents=True)
    (host / "cg/memory/memory.memsw.limit_in_bytes").touch()
    assert findings(host) == []
    (host / "cg/memory/memory.memsw.limit_in_bytes").unlink()
    assert [one.note for one in findings(host)] == [True]
