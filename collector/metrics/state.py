"""What a container is doing, since when, and what kind of container it is."""

from contextlib import ExitStack, closing

from collector.container import Container
from collector.files import Text
from collector.formats import FormatError, Keyed, Values
from collector.group import Group
from collector.model import Column, Columns, Kind, Metric
from collector.slow import Slow

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


class _Source:
    """The freezer of one container. On a hybrid host there are two: LXC uses that of v1, and that
    of the v2 tree is asked once per round only.
    """

    def __init__(self, container: Container) -> None:
        self._columns = (
            *_STATE_COLUMNS,
            Column("lxc_start_time_seconds"),
            Column("lxc_info", (("cgroup", container.cgroup.layout),)),
        )
        self._constant = (container.start_time, 1.0)
        v1, v2 = container.cgroup.v1("freezer"), container.cgroup.v2
        with ExitStack() as undo:
            self._freezer = self._other = None
            if v1 is not None:
                self._freezer = undo.enter_context(closing(Text(v1 / "freezer.state", freezer_v1)))
            elif v2 is not None:
                self._freezer = undo.enter_context(closing(Text(v2 / "cgroup.events", freezer_v2)))
            if v1 is not None and v2 is not None:
                other = Slow(container.pace, v2 / "cgroup.events", freezer_v2, _RUNNING)
                self._other = undo.enter_context(closing(other))
            self.close = undo.pop_all().close

    def read(self, values: list[float]) -> Columns:
        """State, start time and info."""
        state = self._freezer.read() if self._freezer else _RUNNING
        if self._other and self._other.read() is _FROZEN:
            state = _FROZEN
        values += state
        values += self._constant
        return self._columns


GROUP: Group[Container] = Group("state", METRICS, _Source)
