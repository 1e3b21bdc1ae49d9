"""The init of a running container by its name, for a process that cannot afford an inventory.

Looks where LXC puts containers by default; one that was moved (lxc.cgroup.dir.*), or that runs
beside the cgroup of a former life, is not found: `collector.inventory` finds every one.
"""

from __future__ import annotations

from collector.plain import names, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_TELLING = ("freezer", "memory", "devices", "pids", "cpu", "name=systemd")
_FIELDS = 4
_PREFIX = "lxc.payload."


def tree(root: Path | str) -> str | None:
    """The hierarchy that shows which containers run, as `collector.cgroupfs` chooses it."""
    v1: dict[str, str] = {}
    v2 = None
    for line in (text(f"{root}/proc/mounts") or "").split("\n"):
        words = line.split(" ")
        if len(words) > _FIELDS and "\\" not in words[1]:
            if words[2] == "cgroup2":
                v2 = v2 or f"{root}{words[1]}"
            elif words[2] == "cgroup":
                for option in words[3].split(","):
                    v1.setdefault(option, f"{root}{words[1]}")
    return next((v1[name] for name in _TELLING if name in v1), v2)


def payloads(hierarchy: str) -> list[str]:
    """The names of the containers that have a cgroup in the usual place."""
    return [name[len(_PREFIX) :] for name in names(hierarchy) if name.startswith(_PREFIX)]


def init_of(root: Path | str, hierarchy: str, name: str) -> int | None:
    """The init's process id, None where it is not in its usual place."""
    payload = f"{hierarchy}/{_PREFIX}{name}"
    for directory in (payload, f"{payload}/init.scope"):
        for pid in (text(f"{directory}/cgroup.procs") or "").split():
            if _is_init(text(f"{root}/proc/{pid}/status") or ""):
                return int(pid)
    return None


def _is_init(status: str) -> bool:
    """Whether it is process 1 of a namespace one below the host's (status: "NSpid: 4711 1")."""
    _, _, after = status.partition("\nNSpid:")
    numbers = after.partition("\n")[0].split()
    return numbers[1:] == ["1"]
