"""How long a container's tasks waited for CPU, memory and block I/O (PSI)."""

import errno
from functools import partial

from collector.container import Container
from collector.files import Text
from collector.formats import pressure
from collector.group import Group, Source
from collector.idle import WhenRan
from collector.model import Column, Columns, Kind, Metric
from collector.slow import exists
from collector.source import FileSource

_RESOURCES = ("cpu", "memory", "io")
_DOCS = "cgroup-v2.rst, accounting/psi.rst"


def _metrics(resource: str) -> tuple[Metric, Metric]:
    source = f"{resource}.pressure of the v2 tree, on hybrid hosts too: {_DOCS}"
    return (
        Metric(
            f"lxc_pressure_{resource}_waiting_seconds_total",
            Kind.COUNTER,
            "seconds",
            f"Time in which at least one task waited for {resource}.",
            source,
        ),
        Metric(
            f"lxc_pressure_{resource}_stalled_seconds_total",
            Kind.COUNTER,
            "seconds",
            f"Time in which all tasks that were not idle waited for {resource}.",
            source,
            limits="For the CPU the kernel tells it of cgroups only since Linux 5.13.",
        ),
    )


METRICS = tuple(metric for resource in _RESOURCES for metric in _metrics(resource))
_COLUMNS: Columns = tuple(Column(metric.name) for metric in METRICS)


def _open(container: Container) -> Source | None:
    tree = container.cgroup.v2
    if tree is None or not exists(tree, "io.pressure"):
        return None
    pace = container.pace
    source = FileSource(
        _COLUMNS,
        # A task waits for the CPU without having run: woken from outside, or held back by a limit.
        partial(Text, tree / "cpu.pressure", pressure),
        partial(WhenRan, pace, tree / "memory.pressure", pressure),
        partial(WhenRan, pace, tree / "io.pressure", pressure),
    )
    try:
        source.read()
    except OSError as error:
        source.close()
        if error.errno == errno.EOPNOTSUPP:
            # Booted with psi=0: the files are there and refuse to be read.
            return None
        raise
    return source


GROUP: Group[Container] = Group("pressure", METRICS, _open)
