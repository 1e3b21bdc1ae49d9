"""The cgroups that LXC makes for a container: who lives in them, thawing, killing, removing.

LXC names them lxc.payload.NAME and lxc.monitor.NAME at the root of every hierarchy, with -1, -2
appended where a stale one is in the way. Cgroups are written here and in `vmm.cgroup.limits` alone.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator

from vmm import process
from vmm.errors import DriverError
from vmm.lean.value import Value

POLL_SECONDS = 0.01


class Hierarchy(Value):
    """One mounted cgroup tree: its mount point, version, and v1 controllers."""

    path: str
    version: int
    controllers: tuple[str, ...]


def hierarchies(mountinfo: str = "/proc/self/mountinfo") -> tuple[Hierarchy, ...]:
    """Every cgroup tree mounted on this host."""
    with open(mountinfo, encoding="utf-8", errors="replace") as file:
        found = [_hierarchy(line) for line in file]
    return tuple(tree for tree in found if tree)


def _hierarchy(line: str) -> Hierarchy | None:
    before, _, after = line.partition(" - ")
    kind, _, options = after.strip().split(" ", 2)
    if kind not in {"cgroup", "cgroup2"}:
        return None
    return Hierarchy(before.split(" ")[4], 1 if kind == "cgroup" else 2, tuple(options.split(",")))


Wanted = Callable[[Hierarchy], bool]


def all_trees(_: Hierarchy) -> bool:
    """Every hierarchy is wanted."""
    return True


class CgroupTree:
    """The cgroups of the container `name`."""

    def __init__(self, name: str, trees: tuple[Hierarchy, ...] | None = None) -> None:
        self.name = name
        self._trees = hierarchies() if trees is None else trees
        self._payload = (f"lxc.payload.{name}",)
        self._any = (*self._payload, f"lxc.monitor.{name}")

    def directories(self) -> list[str]:
        """Every cgroup of the payload and the monitor that exists."""
        return [path for tree in self._trees for path in _matching(tree.path, self._any)]

    def pids(self) -> set[int]:
        """Every process of the payload, those in nested groups too."""
        return {pid for _, path in self.payloads() for pid in _pids(path)}

    def init(self) -> int | None:
        """The container's init: the payload's process that is number 1 in its own namespace."""
        for _, path in self._each():  # the first tree has it already
            for pid in _pids(path):
                # One that exits has lost its namespaces before it leaves its group.
                if _is_init(pid) and not process.exits(pid):
                    return pid
        return None

    def thaw(self) -> None:
        """Let frozen processes run: none of them dies while it is frozen."""
        for tree, path in self.payloads():
            name, value = _THAW[tree.version]
            if os.path.exists(f"{path}/{name}"):
                write(f"{path}/{name}", value)

    def frozen(self) -> bool:
        """Whether every process of the payload stands still: a freezer that is done says so."""
        return any(_is_frozen(tree, path) for tree, path in self.living())

    def kill(self, seconds: float) -> None:
        """Kill every process of the payload; DriverError when one is left after `seconds`."""
        deadline = time.monotonic() + seconds
        while left := self.pids():
            self.thaw()
            groups = self.payloads()
            for pid in left:
                with process.held(pid) as pidfd:
                    if pidfd is not None and any(pid in _pids(path) for _, path in groups):
                        process.kill(pidfd)
            if time.monotonic() > deadline:
                raise DriverError(
                    f"{len(left)} processes of {self.name} cannot be killed: {sorted(left)[:5]}",
                    "they hang in the kernel, mostly on storage that does not answer",
                )
            time.sleep(POLL_SECONDS)

    def remove(self, seconds: float) -> None:
        """Remove what a crash left, so that the next start gets its usual names.

        What is left of a killed monitor (a hook, LXC's apparmor_parser) is ended. A group that is
        still in use after `seconds` stays.
        """
        deadline = time.monotonic() + seconds
        while left := self.directories():
            for path in left:
                _remove(path)
            if time.monotonic() > deadline:
                return
            time.sleep(POLL_SECONDS)

    def payloads(self) -> list[tuple[Hierarchy, str]]:
        """Every cgroup of the payload with the tree it is in."""
        return list(self._each())

    def _each(self, wanted: Wanted = all_trees) -> Iterator[tuple[Hierarchy, str]]:
        for tree in filter(wanted, self._trees):
            for path in _matching(tree.path, self._payload):
                yield tree, path

    def living(self, wanted: Wanted = all_trees) -> list[tuple[Hierarchy, str]]:
        """As `payloads` in the wanted trees, only those with processes: a stale one may stand
        beside the real one."""
        return [(tree, path) for tree, path in self._each(wanted) if any(_pids(path))]


def _remove(path: str) -> None:
    for pid in _pids(path):
        with process.held(pid) as pidfd:
            if pidfd is not None and pid in _pids(path):
                process.kill(pidfd)
    for group, _, _ in os.walk(path, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(group)


_THAW = {1: ("freezer.state", "THAWED"), 2: ("cgroup.freeze", "0")}


_FROZEN = {1: ("freezer.state", "FROZEN"), 2: ("cgroup.events", "frozen 1")}


def _is_frozen(tree: Hierarchy, path: str) -> bool:
    name, line = _FROZEN[tree.version]
    with contextlib.suppress(OSError), open(f"{path}/{name}", encoding="ascii") as file:
        return line in file.read().splitlines()
    return False


def write(path: str, value: str) -> None:
    """Write a cgroup file; a group that just vanished is no error."""
    with contextlib.suppress(FileNotFoundError):
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, value.encode())
        except OSError as error:
            if not os.path.exists(path):
                return
            raise DriverError(f"cannot write {value!r} to {path}: {error.strerror}") from error
        finally:
            os.close(fd)


def _matching(root: str, names: tuple[str, ...]) -> list[str]:
    """The groups directly below `root` with one of the names, or with one and -1, -2 … to it."""
    with contextlib.suppress(OSError):
        return [f"{root}/{found}" for found in os.listdir(root) if _is_named(found, names)]
    return []


def _is_named(found: str, names: tuple[str, ...]) -> bool:
    """Hundreds of containers have their groups there, and few begin with this one's name; and
    one-7 is not one-71."""
    if not found.startswith(names):
        return False
    more = next(found.removeprefix(name) for name in names if found.startswith(name))
    return not more or (more[0] == "-" and more[1:].isdecimal())


def _pids(path: str) -> Iterator[int]:
    """The processes of a group, then of those below: who looks for one mostly has it at once."""
    yield from _own_pids(path)
    below = []
    with contextlib.suppress(OSError), os.scandir(path) as entries:
        below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    for group in below:
        yield from _pids(group)


def _own_pids(path: str) -> list[int]:
    with contextlib.suppress(OSError), open(f"{path}/cgroup.procs", "rb") as file:
        return [int(line) for line in file]
    return []


def _is_init(pid: int) -> bool:
    """Whether the process is number 1 of a namespace directly below ours."""
    with (
        contextlib.suppress(OSError),
        open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file,
    ):
        for line in file:
            if line.startswith("NSpid:"):
                return line.split()[2:] == ["1"]
    return False
