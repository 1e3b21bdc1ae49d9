"""One cycle: everything on this host, read at one time."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from collector import opening
from collector.cgroupfs import Hierarchies
from collector.clock import Clock
from collector.container import Container, ContainerRef, generation
from collector.devices import DATASTORES, Devices
from collector.group import Gone
from collector.inventory import LXC_PATHS, Found, Inventory
from collector.loop import Loop
from collector.machine import Machine
from collector.metrics import CONTAINER, HOST, SELF
from collector.metrics.state import STOPPED
from collector.model import Cycle, Entity, Row
from collector.stats import Stats
from collector.sysfs import printable
from collector.tracked import Layouts, Tracked

__all__ = ["Collector", "CollectorSettings", "Loop"]

_NS = 1_000_000_000
_STOPPED_GENERATION = 0
_STEPS = 16


@dataclass(frozen=True, slots=True)
class CollectorSettings:
    """What to read. `host` is the label of that name; `lxc_paths` hold the configurations.

    `slow_s` is within how many seconds a changed limit or mount shows.
    """

    host: str
    root: Path = Path("/")
    datastores: Path = DATASTORES
    lxc_paths: tuple[Path, ...] = LXC_PATHS
    slow_s: float = 10.0


@dataclass(slots=True)
class _Watched:
    """A running container with its open groups, and when its slow files are due."""

    found: Found
    container: Container
    tracked: Tracked[Container]
    due_s: float

    def read(self, now_s: float, slow_s: float) -> Row:
        if now_s >= self.due_s:
            self.due_s = now_s + slow_s
            self.container.pace.round += 1
            self.tracked.retry()
        return self.tracked.read()

    def close(self) -> None:
        self.tracked.close()
        opening.close(self.container)


class Collector:
    """Reads the host, all its containers and itself. One thread at a time."""

    def __init__(self, settings: CollectorSettings, clock: Clock) -> None:
        self.stats = Stats()
        self._settings, self._clock = settings, clock
        self._layouts = Layouts()
        self._devices = self.stats.devices = Devices(settings.root, settings.datastores)
        hierarchies = Hierarchies.mounted(settings.root)
        tree = hierarchies.primary or settings.root / "sys/fs/cgroup"
        boot_id = clock.now().boot_id
        self._opener = opening.Opener(settings.root, hierarchies, self._devices, boot_id)
        self._inventory = Inventory(settings.root, tree, settings.lxc_paths, self._not_told)
        self._running: Mapping[str, Found] = {}
        self._watched: dict[str, _Watched] = {}
        self._stopped: dict[str, Row] = {}
        host, own = _entity("host", settings.host), _entity("self", settings.host)
        machine = Machine(settings.root, self._devices)
        alive = generation(boot_id, 0, 0), generation(boot_id, os.getpid(), clock.now().mono_ns)
        self._host = Tracked(machine, host, alive[0], HOST, self.stats, self._layouts)
        self._self = Tracked(self.stats, own, alive[1], SELF, self.stats, self._layouts)
        self._retry_s = 0.0

    def read(self) -> Cycle:
        """Read everything once. What cannot be read is missing and counted, never raised."""
        begun = self.stats.last_stamp = self._clock.now()
        now_s = begun.mono_ns / _NS
        self._guarded(self._devices.refresh)
        self._guarded(lambda: self._update(now_s))
        # Not before: opening what is new takes ten times as long as reading it.
        stamp = self._clock.now()
        rows: list[Row] = []
        self._guarded(lambda: rows.append(self._host.read()))
        self._guarded(lambda: rows.append(self._self.read()))
        told = self._read_containers(now_s)
        for row in self._stopped.values():
            # What was read and then ended, in this cycle, is told as stopped in the next.
            told.setdefault(row.entity.name, row)
        rows += told.values()
        self._devices.usages.wake()
        return Cycle(stamp, tuple(rows))

    def settle(self, timeout_s: float) -> None:
        """Wait until file systems and volume groups have told how full they are, and datastores
        whose disks are whose, each kind that long. The next `read` has it.

        Only a single reading needs this; a running collector shows the answers as they come.
        """
        self._devices.settle(timeout_s)

    def close(self) -> None:
        """Close everything that is open."""
        for directory in list(self._watched):
            self._drop(directory)
        self._host.close()
        self._self.close()
        self._inventory.close()
        self._devices.close()

    def _read_containers(self, now_s: float) -> dict[str, Row]:
        """One row for each by name; one that was started anew meanwhile is read as such."""
        before = dict(self._watched)
        told = self._read_each(before, now_s)
        if len(told) < len(before):
            self._guarded(lambda: self._update(now_s))
            new = {d: w for d, w in self._watched.items() if before.get(d) is not w}
            told |= self._read_each(new, now_s)
        return told

    def _read_each(self, watched: Mapping[str, _Watched], now_s: float) -> dict[str, Row]:
        """Their rows; what has ended is dropped, for the inventory to look again."""
        told = {}
        for directory, container in watched.items():
            try:
                told[container.tracked.entity.name] = container.read(now_s, self._settings.slow_s)
            except Gone:
                self._inventory.lost(container.found)
                self._drop(directory)
        return told

    def _update(self, now_s: float) -> None:
        """Open what is new, close what is gone."""
        if now_s >= self._retry_s:
            self._retry_s = now_s + self._settings.slow_s
            self._host.retry()
            self._self.retry()
        self._inventory.refresh(now_s)
        if self._inventory.running is not self._running:
            running = self._inventory.running
            for directory, watched in list(self._watched.items()):
                if running.get(directory) is not watched.found:
                    self._drop(directory)
            opened = [
                self._open(found, now_s) for found in sorted(running.values(), key=self._rank)
            ]
            # What could not be opened is tried again in the next cycle.
            self._running = running if all(opened) else {}
        if self._inventory.stopped != self._stopped.keys():
            self._stopped = {name: self._stopped_row(name) for name in self._inventory.stopped}
        self.stats.containers_running = len(self._watched)
        self.stats.containers_stopped = len(self._stopped)

    def _open(self, found: Found, now_s: float) -> bool:
        if found.directory in self._watched:
            return True
        try:
            container = self._opener.open(found)
            try:
                self._watched[found.directory] = self._watch(found, container, now_s)
            except BaseException:
                opening.close(container)
                raise
        except Gone:
            self._inventory.lost(found)
            return False
        except Exception as error:
            self.stats.failed("cycle", error)
            return False
        return True

    def _watch(self, found: Found, container: Container, now_s: float) -> _Watched:
        entity, life = self._entity_of(container, found), container.generation
        tracked = Tracked(container, entity, life, CONTAINER, self.stats, self._layouts)
        # Not all containers' slow files in one cycle.
        due_s = now_s + self._settings.slow_s * (life % _STEPS + 1) / _STEPS
        return _Watched(found, container, tracked, due_s)

    def _rank(self, found: Found) -> tuple[bool, int]:
        """Who comes first of two containers of one name: that of a configured path, the older."""
        lxc_path = Path(found.name.lxc_path or "")
        return lxc_path not in self._settings.lxc_paths, found.start_ticks

    def _entity_of(self, container: Container, found: Found) -> Entity:
        """Two LXC paths may each run a container of one name: the second is told with its path."""
        entity = container.ref.entity(self._settings.host)
        if all(watched.tracked.entity.name != entity.name for watched in self._watched.values()):
            return entity
        name = f"{container.ref.name}@{printable(found.name.lxc_path or found.directory)}"
        return ContainerRef.of(name).entity(self._settings.host)

    def _drop(self, directory: str) -> None:
        self._watched.pop(directory).close()

    def _stopped_row(self, name: str) -> Row:
        entity = ContainerRef.of(printable(name)).entity(self._settings.host)
        return Row(entity, _STOPPED_GENERATION, *STOPPED)

    def _not_told(self, error: Exception) -> None:
        """What should tell whether a container runs is garbage."""
        self.stats.failed("state", error)

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # Gone too: neither the host nor we end
            self.stats.failed("cycle", error)


def _entity(kind: str, host: str) -> Entity:
    return Entity(kind, host, (("host", host),))
