"""How long the host's tasks waited for CPU, memory and block I/O (PSI)."""

from functools import partial

from collector.files import Text
from collector.formats import pressure
from collector.group import Group, Source
from collector.machine import Machine
from collector.model import Column, Columns, Kind, Metric
from collector.source import FileSource

_RESOURCES = ("cpu", "memory", "io")


def _metrics(resource: str) -> tuple[Metric, Metric]:
    source = f"/proc/pressure/{resource}: accounting/psi.rst"
    return (
        Metric(
            f"lxc_host_pressure_{resource}_waiting_seconds_total",
            Kind.COUNTER,
            "seconds",
            f"Time in which at least one task of the host waited for {resource}.",
            source,
        ),
        Metric(
            f"lxc_host_pressure_{resource}_stalled_seconds_total",
            Kind.COUNTER,
            "seconds",
            f"Time in which all tasks that were not idle waited for {resource}.",
            source,
            limits="For the CPU of a whole host the kernel always tells 0."
            if resource == "cpu"
            else "",
        ),
    )


METRICS = tuple(metric for resource in _RESOURCES for metric in _metrics(resource))
_COLUMNS: Columns = tuple(Column(metric.name) for metric in METRICS)


def _open(machine: Machine) -> Source | None:
    directory = machine.root / "proc/pressure"
    if not directory.is_dir():
        return None  # a kernel without PSI, or booted with psi=0
    return FileSource(
        _COLUMNS, *(partial(Text, directory / resource, pressure) for resource in _RESOURCES)
    )


GROUP: Group[Machine] = Group("host_pressure", METRICS, _open)
