"""What a container read from and wrote to block devices."""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

from collector.container import Container
from collector.files import Text
from collector.formats import Values, blkio, io_stat
from collector.group import Group, Part, Source
from collector.layers import Layers, number, told
from collector.model import MISSING, Column, Columns, Kind, Metric
from collector.mounts import Number
from collector.slow import exists

_THROTTLE = "blkio.throttle"
_V1, _V2 = "cgroup-v1/blkio-controller.rst", "cgroup-v2.rst"
_LIMITS = (
    "One device per layer is told: the file systems the container has mounted and its disks, not"
    " what lies below them. On v1 buffered writes are not attributed to the container: the kernel"
    " writes them later on its own account. Only direct and synced writes count there. On v1 with"
    " recent Linux (seen on 6.18) the kernel counts a device only once any cgroup had a limit set"
    " on it: until then its I/O is unknown and absent."
)
METRICS = (
    Metric(
        "lxc_disk_read_bytes_total",
        Kind.COUNTER,
        "bytes",
        "Bytes read from the device.",
        f"blkio.throttle.io_service_bytes_recursive: {_V1}; rbytes of io.stat: {_V2}",
        ("device", "disk_id"),
        _LIMITS,
    ),
    Metric(
        "lxc_disk_written_bytes_total",
        Kind.COUNTER,
        "bytes",
        "Bytes written to the device.",
        f"blkio.throttle.io_service_bytes_recursive: {_V1}; wbytes of io.stat: {_V2}",
        ("device", "disk_id"),
        _LIMITS,
    ),
    Metric(
        "lxc_disk_reads_completed_total",
        Kind.COUNTER,
        "",
        "Read requests to the device.",
        f"blkio.throttle.io_serviced_recursive: {_V1}; rios of io.stat: {_V2}",
        ("device", "disk_id"),
        _LIMITS,
    ),
    Metric(
        "lxc_disk_writes_completed_total",
        Kind.COUNTER,
        "",
        "Write requests to the device.",
        f"blkio.throttle.io_serviced_recursive: {_V1}; wios of io.stat: {_V2}",
        ("device", "disk_id"),
        _LIMITS,
    ),
)
_NONE: Values = (0.0, 0.0, 0.0, 0.0)
"""A device without a line: nothing was asked of it since the cgroup was made."""
_UNKNOWN: Values = (MISSING, MISSING, MISSING, MISSING)
"""A device without a line in the whole hierarchy: nobody's I/O to it is counted (v1)."""


Table = Mapping[bytes, Values]
"""What a file says of each device (b"254:0")."""


class _Source:
    """The devices of one container. Which are told is looked up when a file names another device
    and, as mounts come and go, once per round.
    """

    def __init__(self, container: Container, *files: tuple[Path, Callable[[bytes], Table]]) -> None:
        self._container, self._round = container, -1
        self._layers = Layers(container.root)
        self._basis: tuple[object, ...] = (None,)
        self._keys: tuple[bytes, ...] = ()
        self._columns: Columns = ()
        self._part: Part = ((), ())
        self._seen: frozenset[bytes] = frozenset()
        # On v2 every device is counted.
        self._hierarchy = files[0][0] if len(files) > 1 else None
        self._counted: Collection[bytes] = ()
        self._tables: list[Table] = [{}] * len(files)
        self._is_new = True
        with ExitStack() as undo:
            self._operations, *self._others = [
                undo.enter_context(closing(Text(path, parse))) for path, parse in files
            ]
            self.close = undo.pop_all().close

    def read(self) -> Part:
        """Four counters of each device, in the order of METRICS."""
        # What counts bytes counts an operation: without a new one the second file of v1 is as it
        # was. Not reading it saves 4 µs of a container's 100; once per round it is read anyway.
        if self._operations.look() or self._is_new or self._round != self._container.pace.round:
            self._is_new = True  # what fails here is tried again in the next cycle
            self._tables = [self._operations.said, *(text.read() for text in self._others)]
            self._update()
            self._is_new = False
        return self._part

    def _update(self) -> None:
        if self._round != self._container.pace.round or not self._tables[0].keys() <= self._seen:
            self._choose()
        self._part = self._columns, tuple(value for key in self._keys for value in self._of(key))

    def _of(self, key: bytes) -> Values:
        if len(self._tables) == 1:
            return self._tables[0].get(key, _NONE)
        none = _NONE if key in self._counted else _UNKNOWN
        operations, transferred = self._tables
        return transferred.get(key, none[:2]) + operations.get(key, none[:2])

    def _choose(self) -> None:
        container = self._container
        self._round = -1  # until it is done
        self._seen = frozenset(self._tables[0])
        mounts, version = container.mounts.read(), container.devices.version
        if mounts is not self._basis[0] or self._basis[1:] != (self._seen, version):
            seen = [number(key) for key in self._seen]
            devices = sorted(told(container, self._layers, seen))
            self._keys = tuple(b"%d:%d" % device for device in devices)
            found = columns(container, devices)
            # An equal tuple is no other layout: keep the object that the row's layout hangs on.
            self._columns = found if found != self._columns else self._columns
            self._basis = mounts, self._seen, version
        # What is counted stays counted: look again only for a device of which nothing is known.
        known = self._seen.union(self._counted)
        if self._hierarchy is not None and not known.issuperset(self._keys):
            self._counted = container.devices.counted.devices(self._hierarchy)
        self._round = container.pace.round


def columns(container: Container, devices: Iterable[Number]) -> Columns:
    """Four columns per device, in the order of METRICS."""
    return tuple(
        Column(metric.name, container.devices.labels(*device, container.ref.vmid))
        for device in devices
        for metric in METRICS
    )


def _open(container: Container) -> Source | None:
    directory, tree = container.cgroup.v1("blkio"), container.cgroup.v2
    if directory is not None and exists(directory, f"{_THROTTLE}.io_serviced_recursive"):
        names = ("io_serviced_recursive", "io_service_bytes_recursive")
        return _Source(container, *((directory / f"{_THROTTLE}.{name}", blkio) for name in names))
    if tree is not None and exists(tree, "io.stat"):
        return _Source(container, (tree / "io.stat", io_stat))
    return None


GROUP: Group[Container] = Group("io", METRICS, _open)
