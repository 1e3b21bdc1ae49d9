"""What the host is: processor, architecture, name, cgroup version."""

from __future__ import annotations

import os

from collector.plain import number, text
from collector.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_MODEL = frozenset({"model name", "cpu model", "Processor"})
"""As x86, MIPS and older ARM kernels call it in /proc/cpuinfo."""
_KHZ_PER_MHZ = 1000


class Identity(Record):
    """`max_mhz` is the rated maximum where the kernel knows it; `cgroups` 1 (also hybrid) or 2."""

    hostname: str
    architecture: str
    model: str | None
    max_mhz: int | None
    cgroups: int


def identity(root: Path | str) -> Identity:
    """Read anew at each call: a host may be renamed."""
    name = os.uname()
    return Identity(name.nodename, name.machine, _model(root), _max_mhz(root), _cgroups(root))


def _model(root: Path | str) -> str | None:
    for line in (text(f"{root}/proc/cpuinfo") or "").split("\n"):
        name, _, value = line.partition(":")
        if name.strip() in _MODEL and value.strip():
            return value.strip()
    return None


def _max_mhz(root: Path | str) -> int | None:
    khz = number(f"{root}/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")
    return None if khz is None else khz // _KHZ_PER_MHZ


def _cgroups(root: Path | str) -> int:
    return 2 if os.path.exists(f"{root}/sys/fs/cgroup/cgroup.controllers") else 1
