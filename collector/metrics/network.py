"""What went through a container's network interfaces, as the container sees it."""

import os

from collector.container import Container
from collector.files import read_new
from collector.formats import FormatError, net_dev
from collector.group import Gone, Group, Part
from collector.model import Column, Columns, Kind, Metric

_COUNTS = {
    "bytes": "Bytes",
    "packets": "Packets",
    "errs": "Packets that failed",
    "drop": "Packets dropped",
}
_DIRECTIONS = {"receive": "received by", "transmit": "sent from"}

METRICS = tuple(
    Metric(
        f"lxc_network_{direction}_{name}_total",
        Kind.COUNTER,
        "bytes" if name == "bytes" else "",
        f"{what}, {where} the container through this interface.",
        "/proc/INIT/net/dev: proc(5), networking/statistics.rst",
        ("device",),
        "Interfaces inside the container's network namespace, also those its guest made; not lo.",
    )
    for direction, where in _DIRECTIONS.items()
    for name, what in _COUNTS.items()
)

# A namespace gets these by itself when the tunnel modules are loaded; no traffic ever uses them.
_NOT_NICS = frozenset(
    {b"lo", b"tunl0", b"gre0", b"gretap0", b"erspan0", b"ip_vti0", b"ip6_vti0", b"sit0"}
    | {b"ip6tnl0", b"ip6gre0"}
)
_NICS_MAX = 64
"""A guest may make interfaces without end: the first of them are told, in the kernel's order."""


def columns(names: tuple[bytes, ...]) -> Columns:
    """Eight columns per interface, in the order of METRICS."""
    return tuple(
        Column(metric.name, (("device", name.decode("utf-8", "replace")),))
        for name in names
        for metric in METRICS
    )


class _Source:
    """Opened anew each cycle: a kept descriptor would pin the network namespace of the dead.
    That of /proc/PID/net does not, and saves one step of the way.

    The host's ends of veth pairs would tell bytes and packets at a third of the cost, but not the
    container's own errors and drops, its renamed interfaces, or macvlan and physical ones.
    """

    def __init__(self, container: Container) -> None:
        self._root, self._proc = container.root, container.proc
        self._shared = True
        self._path = f"/proc/{container.init_pid}/net/dev"
        self._data = b""
        self._names: tuple[bytes, ...] = ()
        self._part: Part = ((), ())
        try:
            self._net = os.open("net", os.O_PATH | os.O_CLOEXEC, dir_fd=self._proc)
        except (FileNotFoundError, ProcessLookupError):
            raise Gone(self._path) from None

    def read(self) -> Part:
        """Eight counters of each interface."""
        try:
            if self._shared and self._is_shared():
                return self._part
            data = read_new("dev", self._net)
        except (FileNotFoundError, ProcessLookupError):
            # Init is a zombie, which has left its namespaces, or is no more.
            raise Gone(self._path) from None
        if data != self._data:
            self._data = b""
            self._change(data)
            self._data = data
        return self._part

    def _is_shared(self) -> bool:
        """Whether this is the host's network namespace, in which no NIC is the container's own.

        Once it is not it never is again; for a moment of its start every container is in it.
        """
        try:
            ours = os.stat(self._root / "proc/self/ns/net")
        except FileNotFoundError:
            self._shared = False
        else:
            theirs = os.stat("ns/net", dir_fd=self._proc)
            self._shared = (ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino)
        return self._shared

    def _change(self, data: bytes) -> None:
        try:
            found = net_dev(data, _NOT_NICS)[:_NICS_MAX]
        except FormatError as error:
            raise error.at(self._path) from None
        names = tuple(name for name, _ in found)
        laid_out = self._part[0] if names == self._names else columns(names)
        self._names = names
        self._part = laid_out, tuple(value for _, counters in found for value in counters)

    def close(self) -> None:
        """Close the directory's descriptor."""
        os.close(self._net)


GROUP: Group[Container] = Group("network", METRICS, _Source)
