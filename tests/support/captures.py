"""Recorded machines as roots for the readers, and other layouts made from them."""

import json
import re
import shutil
from pathlib import Path

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
HYBRID = CAPTURES / "debian12-6.18-hybrid"
V2 = CAPTURES / "debian12-6.1-cgroup2/running"
V2_LIMITED = CAPTURES / "debian12-6.1-cgroup2/limited"


def init_pid(capture: Path, container: str) -> int:
    """The container's init when the machine was recorded."""
    manifest = json.loads((capture / "manifest.json").read_text(encoding="utf-8"))
    return int(manifest["containers"][container])


def copied(capture: Path, into: Path) -> Path:
    """A copy that a test may change."""
    root = into / "root"
    shutil.copytree(capture, root, symlinks=True)
    return root


def split(into: Path) -> Path:
    """v1 with each controller mounted alone: the hybrid capture without its v2 tree (hand-made)."""
    root = copied(HYBRID, into)
    shutil.rmtree(root / "sys/fs/cgroup/unified")
    edit(root / "proc/mounts", r"cgroup2 .*\n", "")
    for cgroup in root.glob("proc/[0-9]*/cgroup"):
        edit(cgroup, r"0::.*\n", "")
    return root


def joint(into: Path) -> Path:
    """v1 as systemd mounts it, cpu and cpuacct together: made by hand from the split layout."""
    root = split(into)
    cgroups = root / "sys/fs/cgroup"
    shutil.copytree(cgroups / "cpuacct", cgroups / "cpu", dirs_exist_ok=True)
    shutil.rmtree(cgroups / "cpuacct")
    (cgroups / "cpu").rename(cgroups / "cpu,cpuacct")
    for link in ("cpu", "cpuacct"):
        (cgroups / link).symlink_to("cpu,cpuacct")
    edit(root / "proc/mounts", r"cgroup \S*/cpuacct .*\n", "")
    edit(
        root / "proc/mounts",
        r"\S*/cpu cgroup rw,relatime,cpu ",
        "/sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct ",
    )
    for cgroup in root.glob("proc/[0-9]*/cgroup"):
        edit(cgroup, r"\d+:cpuacct:.*\n", "")
        edit(cgroup, r":cpu:", ":cpu,cpuacct:")
    return root


def edit(path: Path, pattern: str, replacement: str) -> None:
    """Replace what matches in a file; nothing matching is a mistake of the test."""
    text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"))
    assert count, f"{path} has no {pattern}"
    path.write_text(text, encoding="utf-8")
