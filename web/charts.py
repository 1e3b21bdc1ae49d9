"""Pure: the columns an entity ever had → its charts, by the tables of plans.py."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collector.model import Columns, Labels
from web.plans import PLANS, Line, Plan


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line with the labels of the column it draws."""

    metric: str
    labels: dict[str, str]
    name: str
    tone: int
    role: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart as the page draws it. `subject` says which NIC, disk or file system."""

    title: str
    subject: str
    unit: str
    lines: tuple[Drawn, ...]


LAST_TONE = 6
_TONES = {"user": 1, "system": 3, "iowait": 4, "steal": 6, "irq": 5, "softirq": 5, "nice": 2}
_NOT_CHARTED = {
    "lxc_info",
    "lxc_state",
    "lxc_start_time_seconds",
    "lxc_disk_info",
    "lxc_rbd_mapped",
}
_IDLE = {("mode", "idle")}


def charts(kind: str, columns: Columns) -> list[Chart]:
    """Every chart of an entity that ever had `columns`, in the plans' order."""
    plans = PLANS.get(kind, ())
    planned = {line.metric for plan in plans for line in plan.lines} | _NOT_CHARTED
    rest = dict.fromkeys(c.metric for c in columns if c.metric not in planned)
    every = [*plans, *(_plain(metric) for metric in rest)]
    return [chart for plan in every for chart in _filled(plan, columns)]


def _plain(metric: str) -> Plan:
    """The chart of a metric that no plan names: its own name is the title."""
    unit = "bytes" if "_bytes" in metric else "count"
    if metric.endswith("_total"):
        unit = "bytes/s" if unit == "bytes" else "1/s"
    return Plan(metric, unit, (Line(metric, "value"),))


def _filled(plan: Plan, columns: Columns) -> Iterator[Chart]:
    """One chart per set of labels, if any of its lines that is not a limit has a column."""
    groups: dict[Labels, list[Drawn]] = {}
    for line in plan.lines:
        for column in columns:
            if column.metric == line.metric and not _IDLE.intersection(column.labels):
                subject = tuple(pair for pair in column.labels if pair[0] not in plan.within)
                lines = groups.setdefault(subject, [])
                lines.append(_drawn(line, column.labels, len(lines)))
    for subject, lines in groups.items():
        if any(line.role != "limit" for line in lines):
            yield Chart(plan.title, _subject(subject), plan.unit, tuple(lines))


def _drawn(line: Line, labels: Labels, place: int) -> Drawn:
    """The line of one column, the `place`th of its chart that the plan's line draws."""
    found = dict(labels)
    if not line.name.startswith("{"):
        return Drawn(line.metric, found, line.name, line.tone, line.role)
    name = found.get(line.name.strip("{}"), "")
    return Drawn(line.metric, found, name, _TONES.get(name, 1 + place % LAST_TONE), line.role)


def _subject(labels: Sequence[tuple[str, str]]) -> str:
    """ "eth0", or "/media/data · disk 2 · loop3": the values, the telling ones first."""
    values = dict(labels)
    disk = values.pop("disk_id", None)
    mount = values.pop("mountpoint", None)
    told = [mount, f"disk {disk}" if disk else None, *values.values()]
    return " · ".join(text for text in told if text)
