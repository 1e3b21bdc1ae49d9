"""The table that `nebulxc top` draws: pure, from lines to rich's renderables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from control.terminal.figures import amount, percent
from control.terminal.lines import Line
from control.terminal.printable import printable

WARM, HOT = 0.7, 0.9
_BUSY, _STARVED = 0.1, 0.5


@dataclass(frozen=True, slots=True)
class Order:
    """A way to sort: what it is called, and the figure that counts. The largest comes first."""

    name: str
    of: Callable[[Line], float | None]


ORDERS = {
    "c": Order("cpu", lambda line: line.cpu),
    "m": Order("memory", lambda line: line.memory),
    "n": Order("network", lambda line: _sum(line.received, line.sent)),
    "d": Order("disk", lambda line: _sum(line.read, line.written)),
    "p": Order("pressure", lambda line: _most(line)),  # noqa: PLW0108 - defined further down
    "a": Order("name", lambda _: None),
}
"""Key → order."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column beside the name: the order that it belongs to, its width, and what it shows."""

    title: str
    by: str
    cell: Callable[[Line], Text]
    width: int = 5


_COLUMNS = (
    _Column("CPU%", "cpu", lambda line: Text(percent(line.cpu), _heat(line.cpu, line.cpu_limit))),
    _Column(
        "MEM",
        "memory",
        lambda line: Text(amount(line.memory), _heat(line.memory, line.memory_limit)),
    ),
    _Column("LIMIT", "memory", lambda line: Text(amount(line.memory_limit))),
    _Column("RX/s", "network", lambda line: Text(amount(line.received))),
    _Column("TX/s", "network", lambda line: Text(amount(line.sent))),
    _Column("RD/s", "disk", lambda line: Text(amount(line.read))),
    _Column("WR/s", "disk", lambda line: Text(amount(line.written))),
    _Column("WAIT% C/M/I", "pressure", lambda line: _pressures(line), 11),  # noqa: PLW0108 - defined further down
)
_NAME_LEAST = 12


@dataclass(frozen=True, slots=True)
class Frame:
    """What is drawn around the table: the line above it, and what is wrong with the figures.

    In a terminal, `height` is its lines: what does not fit is counted, and the keys are told.
    """

    heading: str
    note: str = ""
    width: int = 80
    height: int | None = None


def draw(lines: Sequence[Line], order: Order, frame: Frame) -> RenderableType:
    """The whole picture."""
    running = ordered([line for line in lines if line.state != "stopped"], order)
    shown = running if frame.height is None else running[: _room(frame)]
    parts: list[RenderableType] = [_one_line(frame.heading, "bold")]
    if frame.note:
        parts.append(Text(frame.note, style="yellow"))
    if running:
        parts.append(_table(shown, order, frame.width))
    else:
        parts.append(Text("No container runs on this host. Start one: lxc-start NAME"))
    if frame.height is not None:
        choices = " ".join(f"{key}:{found.name}" for key, found in ORDERS.items())
        more = f"{len(running) - len(shown)} more " if len(shown) < len(running) else ""
        parts.append(_one_line(f"{more}{choices} q:quit", "dim"))
    return Group(*parts)


def _room(frame: Frame) -> int:
    """How many containers fit between heading, note, titles and keys."""
    note_lines = -(-len(frame.note) // max(frame.width, 1))
    # One line more for a note that breaks between words, and one for the cursor.
    around = 3 + note_lines + (note_lines > 1) + 1
    return max(1, (frame.height or 0) - around)


def _one_line(text: str, style: str) -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def ordered(lines: Sequence[Line], order: Order) -> list[Line]:
    """The largest figure first, then by name; unknown figures last."""

    def place(line: Line) -> tuple[bool, float, str]:
        figure = order.of(line)
        return figure is None, -(figure or 0.0), line.name

    return sorted(lines, key=place)


def _table(lines: Sequence[Line], order: Order, width: int) -> Table:
    columns = _fitting(order, width)
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", expand=False)
    table.add_column(_title("CONTAINER", order, "name"))  # the only one that gives way
    for column in columns:
        title = _title(column.title, order, column.by)
        table.add_column(title, justify="right", no_wrap=True, width=column.width)
    for line in lines:
        table.add_row(_name(line), *(column.cell(line) for column in columns))
    return table


def _fitting(order: Order, width: int) -> Sequence[_Column]:
    """What leaves room for names; what is sorted by never gives way."""
    kept = list(_COLUMNS)
    for by in ("pressure", "disk", "network", "memory", "cpu"):
        if _NAME_LEAST + sum(1 + column.width for column in kept) < width:
            break
        if by != order.name:
            kept = [column for column in kept if column.by != by]
    return kept


def _title(title: str, order: Order, by: str) -> Text:
    return Text(title, style="reverse" if order.name == by else "")


def _name(line: Line) -> Text:
    frozen = line.state == "frozen"
    return Text(
        f"{printable(line.name)}{' (frozen)' if frozen else ''}",
        "cyan" if frozen else "",
        no_wrap=True,
        overflow="ellipsis",
    )


def _pressures(line: Line) -> Text:
    shares = (line.cpu_pressure, line.memory_pressure, line.io_pressure)
    return Text("/").join(Text(_whole(share), _strain(share)) for share in shares)


def _whole(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.0f}"


def _heat(value: float | None, limit: float | None) -> str:
    """Yellow when near its limit, red when at it. Nothing where either is unknown."""
    if value is None or not limit or value < limit * WARM:
        return ""
    return "red" if value >= limit * HOT else "yellow"


def _strain(share: float | None) -> str:
    if share is None or share < _BUSY:
        return ""
    return "red" if share >= _STARVED else "yellow"


def _sum(*values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _most(line: Line) -> float | None:
    pressures = (line.cpu_pressure, line.memory_pressure, line.io_pressure)
    return max((value for value in pressures if value is not None), default=None)
