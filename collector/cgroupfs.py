"""Where the control groups of a container are: v1 joint or split, hybrid and v2 behind one answer.

A metric asks for a controller's directory and learns whether that is of version 1 or 2; how the
hierarchies are mounted is known here and nowhere else.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.formats import unescaped

_CONTROLLERS = frozenset(
    {"blkio", "cpu", "cpuacct", "cpuset", "devices", "freezer", "hugetlb", "memory", "pids"}
)
_CGROUP_FIELDS = 3


@dataclass(frozen=True, slots=True)
class Hierarchies:
    """The mounted hierarchies: `v1` by controller ("name=systemd" too), `v2` the unified one.

    A joint mount (cpu,cpuacct) is the directory of each of its controllers.
    """

    v1: Mapping[str, Path]
    v2: Path | None

    @classmethod
    def mounted(cls, root: Path) -> "Hierarchies":
        """As the mount table of `root` tells."""
        v1: dict[str, Path] = {}
        v2 = None
        table = os.fsdecode((root / "proc/mounts").read_bytes())
        for line in table.split("\n")[:-1]:
            _, where, kind, options, *_ = line.split(" ")
            path = root / unescaped(where).lstrip("/")
            if kind == "cgroup2":
                v2 = v2 or path
            elif kind == "cgroup":
                for option in options.split(","):
                    if option in _CONTROLLERS or option.startswith("name="):
                        v1.setdefault(option, path)
        return cls(v1, v2)

    @property
    def layout(self) -> str:
        """ "v1", "v2" or "hybrid": v1 controllers beside a v2 tree without them."""
        if not self.v1:
            return "v2"
        return "v1" if self.v2 is None else "hybrid"

    @property
    def primary(self) -> Path | None:
        """The hierarchy that shows which containers run."""
        for controller in ("freezer", "memory", "devices", "pids", "cpu", "name=systemd"):
            if controller in self.v1:
                return self.v1[controller]
        return self.v2


class Cgroup:
    """The directories of one container in every hierarchy."""

    __slots__ = ("_v1", "inode", "layout", "v2")

    def __init__(self, layout: str, v1: Mapping[str, Path], v2: Path | None, inode: int) -> None:
        self.layout, self._v1, self.v2, self.inode = layout, v1, v2, inode

    def v1(self, controller: str) -> Path | None:
        """The container's directory in the v1 hierarchy of this controller, if there is one."""
        return self._v1.get(controller)


def memberships(data: bytes) -> dict[str, str]:
    """/proc/PID/cgroup → {controller or "name=…" or "" for v2: path in that hierarchy}."""
    found = {}
    for line in os.fsdecode(data).split("\n"):
        parts = line.split(":", _CGROUP_FIELDS - 1)
        if len(parts) == _CGROUP_FIELDS:
            for controller in parts[1].split(","):
                found[controller] = parts[2]
    return found
