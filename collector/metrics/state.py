"""What a container is doing, since when, and what kind of container it is."""

from collections.abc import Callable
from functools import partial

from collector.container import Container
from collector.files import Text
from collector.formats import FormatError, Keyed, Values
from collector.group import Group
from collector.model import Column, Columns, Kind, Metric
from collector.slow import Slow
from collector.source import FileSource, Readable

STATES = ("running", "frozen", "stopped")

METRICS = (
    Metric(
        "lxc_state",
        Kind.GAUGE,
        "",
        "1 for the state the container is in, 0 for the others.",
        "freezer.state (v1), cgroup.events (v2): cgroup-v1/freezer-subsystem.rst, cgroup-v2.rst",
        ("state",),
        "Frozen is the container as a whole, not cgroups that its guest froze. A freeze through"
        " the v2 tree of a hybrid host, which LXC does not use there, shows within 10 s.",
    ),
    Metric(
        "lxc_start_time_seconds",
        Kind.GAUGE,
        "seconds",
        "When the container's init was started, in unix time.",
        "/proc/INIT/stat field 22 and btime of /proc/stat: proc(5)",
        limits="Whole seconds of boot time: accurate to one second.",
    ),
    Metric(
        "lxc_info",
        Kind.GAUGE,
        "",
        "Always 1; its labels tell what does not change while the container runs.",
        "/proc/INIT/cgroup: cgroups(7)",
        ("cgroup",),
    ),
)

_STATE_COLUMNS: Columns = tuple(Column("lxc_state", (("state", state),)) for state in STATES)
STOPPED: tuple[Columns, Values] = (_STATE_COLUMNS, (0.0, 0.0, 1.0))
"""All that is told of a container that does not run."""

_RUNNING: Values = (1.0, 0.0, 0.0)
_FROZEN: Values = (0.0, 1.0, 0.0)
_V1 = {b"THAWED\n": _RUNNING, b"FREEZING\n": _RUNNING, b"FROZEN\n": _FROZEN}
_FROZEN_KEY = Keyed("frozen")


def freezer_v1(data: bytes) -> Values:
    """freezer.state → the three states. FREEZING is not frozen yet."""
    try:
        return _V1[data]
    except KeyError:
        raise FormatError(data, "THAWED, FREEZING or FROZEN") from None


def freezer_v2(data: bytes) -> Values:
    """cgroup.events → the three states."""
    return _FROZEN if _FROZEN_KEY(data) == (1.0,) else _RUNNING


def _open(container: Container) -> FileSource:
    """On a hybrid host there are two freezers: LXC uses that of v1, and that of the v2 tree is
    asked once per round only.
    """
    constant = (container.start_time, 1.0)

    def values(*freezers: Values) -> Values:
        return (*(_FROZEN if _FROZEN in freezers else _RUNNING), *constant)

    v1, v2 = container.cgroup.v1("freezer"), container.cgroup.v2
    files: list[Callable[[], Readable]] = []
    if v1 is not None:
        files.append(partial(Text, v1 / "freezer.state", freezer_v1))
    elif v2 is not None:
        files.append(partial(Text, v2 / "cgroup.events", freezer_v2))
    if v1 is not None and v2 is not None:
        events = v2 / "cgroup.events"
        files.append(partial(Slow, container.pace, events, freezer_v2, _RUNNING))
    info = Column("lxc_info", (("cgroup", container.cgroup.layout),))
    columns = (*_STATE_COLUMNS, Column("lxc_start_time_seconds"), info)
    return FileSource(columns, *files, values=values)


GROUP: Group[Container] = Group("state", METRICS, _open)
