"""Traffic of the host's own NICs: no bridge, VLAN, bond or veth on top of them again."""

from pathlib import Path

from collector.files import Texts
from collector.followed import Followed
from collector.formats import Values, number
from collector.group import Gone, Group, Part
from collector.hardware import Recheck, nics
from collector.machine import Machine
from collector.model import MISSING, Column, Columns, Kind, Metric
from collector.sysfs import printable

_WHAT = {
    "bytes": ("bytes", "bytes", "Bytes"),
    "packets": ("packets", "", "Packets"),
    "errs": ("errors", "", "Packets with errors"),
    "drop": ("dropped", "", "Packets dropped"),
}
_DIRECTIONS = {"receive": ("rx", "received"), "transmit": ("tx", "sent")}
_FILES = tuple(
    f"{short}_{file}" for short, _ in _DIRECTIONS.values() for file, _, _ in _WHAT.values()
)

METRICS = tuple(
    Metric(
        f"lxc_host_network_{direction}_{what}_total",
        Kind.COUNTER,
        unit,
        f"{text} {done} by the NIC.",
        f"/sys/class/net/NAME/statistics/{short}_{file}: sysfs-class-net-statistics",
        ("device",),
        "Only NICs with a device under them: a bond's traffic is that of its members.",
    )
    for direction, (short, done) in _DIRECTIONS.items()
    for what, (file, unit, text) in _WHAT.items()
)
_NAMES = tuple(metric.name for metric in METRICS)
_UNKNOWN: Values = (MISSING,) * len(_NAMES)


def _one(data: bytes) -> Values:
    return (number(data),)


class _Nic:
    """The open counters of one NIC."""

    def __init__(self, directory: Path) -> None:
        self._texts = Texts(*((directory / "statistics" / name, _one) for name in _FILES))
        self.gone = False

    def read(self) -> Values:
        """Eight counters; unknown, and `gone`, once the NIC was removed."""
        try:
            return tuple(value for text in self._texts for value in text.read())
        except (Gone, OSError):
            # A NIC on its way out answers ENODEV or EINVAL.
            self.gone = True
            return _UNKNOWN

    def close(self) -> None:
        """Close the descriptors."""
        self._texts.close()


class _Source:
    """The NICs of the host, looked for every 10 s: one may be plugged, renamed or moved away."""

    def __init__(self, machine: Machine) -> None:
        self._root = machine.root
        self._recheck = Recheck()
        self._nics = Followed(self._opened, _columns)

    def read(self) -> Part:
        """Eight counters of each NIC."""
        if self._recheck.due() or self._nics.lost:
            self._nics.follow(nics(self._root))
        return self._nics.read()

    def _opened(self, name: str) -> _Nic:
        return _Nic(self._root / "sys/class/net" / name)

    def close(self) -> None:
        """Close the descriptors."""
        self._nics.close()


def _columns(name: str) -> Columns:
    labels = (("device", printable(name)),)
    return tuple(Column(metric, labels) for metric in _NAMES)


GROUP: Group[Machine] = Group("host_network", METRICS, _Source)
