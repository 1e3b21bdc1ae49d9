"""Pure: the tables of metrics → docs/metrics.md. Written by `scripts/metrics-doc`."""

from collections.abc import Iterable, Mapping
from typing import Any

from collector import freshness
from collector.group import Group
from collector.metrics import CONTAINER, HOST, SELF
from collector.model import Metric

_HEAD = """\
# Metrics

Written by `scripts/metrics-doc` from the definitions in `collector/metrics/`; do not edit.

Every series carries the label `host`; those of a container also `container`, and `vmid` when it
is an OpenNebula VM. Counters only grow within one life of a container and start anew with the
next; rates are taken at read time, by monotonic time, never across two lives. What could not be
read, is unlimited, or does not exist on this kernel is absent: there is no series, or no value in
that cycle. It is never 0. A container that does not run has `lxc_state` alone.

Sources are files of the kernel; names like `cgroup-v2.rst` are documents of the kernel's
`Documentation/admin-guide`, `filesystems/proc.rst` and the like of `Documentation`.

Known limit: all readings of a cycle carry one time, that at which the first was made. Where the
host is so loaded that a cycle is held up in its middle, what is read after that has grown for
longer than the time told: a rate over one such cycle may be too high (more than 100 % of a limit),
and the next is too low by as much. Over several cycles it evens out. At one cycle a second rates
of 30 containers were off by at most 0.8 % in 100 cycles on a host with CPU time to spare, those of
10 containers by up to 22 % in 50 cycles where the agent had to wait for the CPU.
"""
_PAGE = """
## Page

What the page adds at `/metrics`. Not stored, without labels, and there while nothing else is.

"""
_SECTIONS: tuple[tuple[str, str, Mapping[str, Group[Any]]], ...] = (
    ("Containers", "One row per container.", CONTAINER),
    ("Host", "The machine itself.", HOST),
    ("Collector", "What the collector says of itself.", SELF),
)


def reference() -> str:
    """The whole document."""
    parts = [_HEAD]
    for title, what, groups in _SECTIONS:
        parts.append(f"\n## {title}\n\n{what}\n")
        parts += [_group(name, group.metrics) for name, group in groups.items()]
    return "".join([*parts, _PAGE, *(f"{_entry(metric)}\n" for metric in freshness.METRICS)])


def _group(name: str, metrics: Iterable[Metric]) -> str:
    return f"\n### {name}\n\n" + "\n".join(map(_entry, metrics)) + "\n"


def _entry(metric: Metric) -> str:
    kind = f"{metric.kind}, {metric.unit}" if metric.unit else str(metric.kind)
    labels = "{" + ", ".join(metric.labels) + "}" if metric.labels else ""
    limits = f" {metric.limits}" if metric.limits else ""
    return (
        f"- **`{metric.name}{labels}`** ({kind}). {metric.help}{limits}\n  Source: {metric.source}."
    )
