"""What the host is: processor, architecture, name, cgroup version."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

_MODEL = re.compile(r"^(?:model name|cpu model|Processor)\s*:\s*(.+)$", re.MULTILINE)
_KHZ_PER_MHZ = 1000


@dataclass(frozen=True, slots=True)
class Identity:
    """`max_mhz` is the rated maximum where the kernel knows it; `cgroups` 1 (also hybrid) or 2."""

    hostname: str
    architecture: str
    model: str | None
    max_mhz: int | None
    cgroups: int


def identity(root: Path) -> Identity:
    """Read anew at each call: a host may be renamed."""
    name = os.uname()
    return Identity(name.nodename, name.machine, _model(root), _max_mhz(root), _cgroups(root))


def _model(root: Path) -> str | None:
    try:
        found = _MODEL.search((root / "proc/cpuinfo").read_text("utf-8", "replace"))
    except OSError:
        return None
    return found[1].strip() if found else None


def _max_mhz(root: Path) -> int | None:
    path = root / "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq"
    try:
        return int(path.read_text("ascii")) // _KHZ_PER_MHZ
    except (OSError, ValueError):
        return None


def _cgroups(root: Path) -> int:
    return 2 if (root / "sys/fs/cgroup/cgroup.controllers").exists() else 1
