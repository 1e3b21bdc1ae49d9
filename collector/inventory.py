"""Which containers run on this host, which are known and do not: from the cgroup tree, by inotify.

Needs no privilege, so a process of any user can keep an inventory of its own.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from collector import monitors, naming
from collector.files import read_new
from collector.formats import FormatError
from collector.group import Gone
from collector.naming import Name
from collector.procfs import command_line, is_init, parent, stat
from collector.watch import Watch

LXC_PATHS = (Path("/var/lib/lxc"), Path("/var/lib/nebulxc/ct"))
RESCAN_S = 30.0
_STARTING_S = 10.0
_DEPTH_MAX = 6
_DIRECTORIES_MAX = 10_000
_DEAD = frozenset("ZX")


@dataclass(frozen=True, slots=True)
class Found:
    """A running container: its name, the cgroup `directory` in the hierarchy that was looked at
    with its `inode`, and its init's number and start (clock ticks since boot).
    """

    name: Name
    directory: str
    inode: int
    init_pid: int
    start_ticks: int


@dataclass(slots=True)
class _Payload:
    """A cgroup directory of a container, and since when it was looked at in vain for an init."""

    inode: int
    since: float
    found: Found | None = None


class Inventory:
    """The containers below `tree`, one of the mounted cgroup hierarchies.

    `refresh` is cheap when nothing changed. The whole tree is walked only now and then: for
    containers that LXC put somewhere new, and for changes that inotify did not tell. `failed` is
    told of text that the kernel never writes: it may hide a container.
    """

    def __init__(
        self,
        root: Path,
        tree: Path,
        lxc_paths: Sequence[Path] = LXC_PATHS,
        failed: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        self._failed = failed
        self._root, self._tree, self._lxc_paths = root, str(tree), tuple(lxc_paths)
        self._proc = str(root / "proc")
        self._watch = Watch()
        self._parents: set[str] = set()
        self._elsewhere: set[str] = set()
        self._payloads: dict[str, _Payload] = {}
        self._known: dict[str, Path] = {}
        self._configured: set[str] = set()
        self._starting = False
        self._next_walk = -1.0
        self.running: Mapping[str, Found] = {}
        """By directory: another object whenever it differs."""
        self.stopped: frozenset[str] = frozenset()
        """Names of containers that have a configuration and do not run."""

    def refresh(self, now_s: float) -> None:
        """Bring `running` and `stopped` up to date; `now_s` is monotonic time."""
        walk = now_s >= self._next_walk
        if walk:
            self._next_walk = now_s + RESCAN_S
            self._walk()
        if self._watch.changed() or walk:
            self._list(now_s)
        elif not self._starting:
            return
        self._identify(now_s, walk)
        self._conclude()

    def lost(self, found: Found) -> None:
        """Its init is no more: look again, in the same cgroup too, at the next `refresh`."""
        payload = self._payloads.get(found.directory)
        if payload is not None and payload.found is found:
            del self._payloads[found.directory]
            self._next_walk = -1.0

    def fileno(self) -> int:
        """A descriptor that polls readable when `refresh` may find a change; -1: there is none."""
        return self._watch.fileno()

    def close(self) -> None:
        """Give the watches back."""
        self._watch.close()

    def _walk(self) -> None:
        self._configured = set(_configured(self._lxc_paths))
        self._parents = {self._tree}
        todo = [(self._tree, 0)]
        for _ in range(_DIRECTORIES_MAX):
            if not todo:
                break
            within, depth = todo.pop()
            for name, _ in _directories(within):
                if naming.is_payload(name, within):
                    self._parents.add(within)
                elif depth < _DEPTH_MAX and not naming.is_lxcs(name):
                    todo.append((f"{within}/{name}", depth + 1))
        self._elsewhere = {
            directory
            for directory in monitors.cgroups(self._root, self._tree, self._inits())
            if not naming.is_payload(*_named(directory))
        }
        for watched in self._parents | {_named(directory)[1] for directory in self._elsewhere}:
            self._watch.add(Path(watched))

    def _inits(self) -> dict[int, str]:
        return {found.init_pid: directory for directory, found in self.running.items()}

    def _list(self, now_s: float) -> None:
        payloads = {}
        for directory, inode in self._directories():
            before = self._payloads.get(directory)
            same = before is not None and before.inode == inode
            payloads[directory] = before if same and before else _Payload(inode, now_s)
        self._payloads = payloads

    def _directories(self) -> Iterator[tuple[str, int]]:
        for within in self._parents:
            for name, inode in _directories(within):
                if naming.is_payload(name, within):
                    yield f"{within}/{name}", inode
        for directory in self._elsewhere:
            with contextlib.suppress(FileNotFoundError):
                yield directory, os.stat(directory).st_ino

    def _identify(self, now_s: float, walk: bool) -> None:
        """Look for the inits that are not known. An old cgroup without one may stay for ever:
        after a while it is looked at during walks only.
        """
        self._starting = False
        for directory, payload in self._payloads.items():
            if payload.found is None and (walk or now_s - payload.since < _STARTING_S):
                payload.found = self._look(directory, payload.inode)
                self._starting |= payload.found is None and now_s - payload.since < _STARTING_S

    def _look(self, directory: str, inode: int) -> Found | None:
        for pid in self._processes(directory):
            try:
                if not self._is_init(pid):
                    continue
                init = stat(read_new(f"{self._proc}/{pid}/stat"))
            except (OSError, Gone):  # ended
                continue
            except ValueError as error:
                self._failed(ValueError(f"{self._proc}/{pid}: {error}"))
                continue
            if init.state in _DEAD:
                continue
            monitor = command_line(self._root, init.ppid)
            name = naming.resolve(os.path.basename(directory), monitor, self._lxc_paths)
            return Found(name, directory, inode, pid, init.start_ticks)
        return None

    def _processes(self, directory: str) -> Iterator[int]:
        """The processes of a cgroup and of those below: a guest's systemd moves itself down."""
        todo = [directory]
        for _ in range(_DIRECTORIES_MAX):
            if not todo:
                return
            cgroup = todo.pop(0)
            try:
                told = read_new(f"{cgroup}/cgroup.procs")
            except (OSError, Gone):
                continue
            pids = [word for word in told.split() if word.isdigit()]
            if len(pids) < len(told.split()):
                self._failed(FormatError(told, "process numbers", f"{cgroup}/cgroup.procs"))
            # 0 stands for a process outside of our own namespace.
            yield from (int(pid) for pid in pids if pid != b"0")
            todo += [f"{cgroup}/{name}" for name, _ in _directories(cgroup)]

    def _is_init(self, pid: int) -> bool:
        """Process 1 of its namespace; with a shared one (lxc.namespace.share.pid) LXC's child."""
        status = read_new(f"{self._proc}/{pid}/status")
        return is_init(status) or naming.is_monitor(command_line(self._root, parent(status)))

    def _conclude(self) -> None:
        running = {
            directory: payload.found
            for directory, payload in self._payloads.items()
            if payload.found is not None
        }
        if running != self.running:
            self.running = running
        for found in running.values():
            if found.name.lxc_path is not None:
                self._known[found.name.text] = Path(found.name.lxc_path)
        for name, lxc_path in list(self._known.items()):
            # Not Path's: it raises where we may not look, and costs five times as much.
            if not os.path.exists(f"{lxc_path}/{name}/config"):
                del self._known[name]
        up = {found.name.text for found in running.values()}
        self.stopped = frozenset((self._configured | self._known.keys()) - up)


def _named(directory: str) -> tuple[str, str]:
    """A directory's own name and its parent."""
    within, _, name = directory.rpartition("/")
    return name, within


def _directories(parent: str) -> Iterator[tuple[str, int]]:
    """(name, inode) of each directory; none where the parent is gone."""
    try:
        with os.scandir(parent) as entries:
            yield from [(e.name, e.inode()) for e in entries if e.is_dir(follow_symlinks=False)]
    except OSError:
        return


def _configured(lxc_paths: Sequence[Path]) -> Iterator[str]:
    """The names of the containers that have a configuration."""
    for lxc_path in lxc_paths:
        for name, _ in _directories(str(lxc_path)):
            if os.path.exists(f"{lxc_path}/{name}/config"):
                yield name
