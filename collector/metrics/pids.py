"""How many tasks a container has and may have."""

from functools import partial

from collector.container import Container
from collector.files import Text
from collector.formats import Values, number
from collector.group import Group, Source
from collector.model import MISSING, Column, Columns, Kind, Metric
from collector.slow import Slow
from collector.source import FileSource

METRICS = (
    Metric(
        "lxc_pids",
        Kind.GAUGE,
        "",
        "Tasks (processes and threads) in the container, nested cgroups included.",
        "pids.current: cgroup-v1/pids.rst, cgroup-v2.rst",
    ),
    Metric(
        "lxc_pids_limit",
        Kind.GAUGE,
        "",
        "The most tasks the container may have; absent when unlimited.",
        "pids.max: cgroup-v1/pids.rst, cgroup-v2.rst",
        limits="A change shows within 10 s.",
    ),
)
_COLUMNS: Columns = (Column("lxc_pids"), Column("lxc_pids_limit"))


def one(data: bytes) -> Values:
    """A file of one number."""
    return (number(data),)


def _open(container: Container) -> Source | None:
    directory = container.cgroup.v1("pids") or container.cgroup.v2
    if directory is None or not (directory / "pids.current").exists():
        return None
    return FileSource(
        _COLUMNS,
        partial(Text, directory / "pids.current", one),
        partial(Slow, container.pace, directory / "pids.max", one, (MISSING,)),
    )


GROUP: Group[Container] = Group("pids", METRICS, _open)
