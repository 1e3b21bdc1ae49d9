"""Containers whose configuration puts their cgroups under a name of its own (lxc.cgroup.dir.*)."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from collector.cgroupfs import memberships
from collector.files import read_new
from collector.group import Gone
from collector.naming import is_monitor
from collector.procfs import command_line, is_init

_SCOPE = "/init.scope"


def cgroups(root: Path, tree: str, known: Mapping[int, str]) -> Iterator[str]:
    """The cgroup directory in `tree` of each container that a monitor of this host runs.

    Monitors are children of the host's process 1: LXC daemonizes, and so do service managers.
    Where an init is that is `known` (process → directory) is not looked up again.
    """
    for monitor in _children(root, 1):
        if not is_monitor(command_line(root, monitor)):
            continue
        for child in _children(root, monitor):
            directory = known.get(child) or _directory(root, tree, child)
            if directory is not None:
                yield directory


def _children(root: Path, pid: int) -> list[int]:
    try:
        data = read_new(f"{root}/proc/{pid}/task/{pid}/children")
    except (OSError, Gone):
        return []
    return [int(child) for child in data.split()]


def _directory(root: Path, tree: str, pid: int) -> str | None:
    """Where init is; paths are the same in every hierarchy, but init may only be in some."""
    try:
        if not is_init(read_new(f"{root}/proc/{pid}/status")):
            return None
        paths = memberships(read_new(f"{root}/proc/{pid}/cgroup")).values()
        for path in {path.removesuffix(_SCOPE) for path in paths} - {"/"}:
            for within in (path, path + _SCOPE):
                if b"%d" % pid in read_new(f"{tree}{within}/cgroup.procs").split():
                    return tree + path
    except (OSError, Gone):
        pass
    return None
