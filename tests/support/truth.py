"""Known loads against what was reported: one row each, a table, a document."""

import math
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.limits import layout


@dataclass(frozen=True)
class Row:
    """One comparison. `bound` is the allowed difference, in the same unit; None: told only."""

    what: str
    unit: str
    expected: float
    reported: float
    bound: float | None
    note: str = ""

    @property
    def error(self) -> float:
        return self.reported - self.expected

    @property
    def cells(self) -> tuple[str, ...]:
        """As text, one per column of the table."""
        relative = f" ({self.error / self.expected:+.2%})" if self.expected else ""
        relative = "" if math.isnan(self.error) else relative
        return (
            self.what,
            f"{_number(self.expected)} {self.unit}".strip(),
            _number(self.reported),
            "" if math.isnan(self.error) else f"{_number(self.error, sign=True)}{relative}",
            "none" if self.bound is None else f"±{_number(self.bound)}",
            self.note,
        )


@dataclass
class Table:
    """The rows of one run."""

    rows: list[Row] = field(default_factory=list)

    def check(
        self, what: str, unit: str, did: float, told: float, bound: float | None, note: str = ""
    ) -> None:
        """Keep a row and hold it to its bound."""
        row = Row(what, unit, float(did), float(told), bound, note)
        self.rows.append(row)
        assert bound is None or abs(row.error) <= bound, row


TABLE = pytest.StashKey[Table]()
HEADS = ("load", "did", "reported", "error", "bound", "note")


def _number(value: float, sign: bool = False) -> str:
    if math.isnan(value):
        return "absent"
    plus = "+" if sign and value >= 0 else ""
    text = f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:,.3f}"
    return plus + text


def lines(rows: Iterable[Row]) -> list[str]:
    """The table as aligned text."""
    table = [HEADS, *(row.cells for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def section(rows: Iterable[Row]) -> str:
    """This machine's section of the document, in Markdown."""
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    table = [HEADS, ("---",) * len(HEADS), *(row.cells for row in rows)]
    body = "\n".join("| " + " | ".join(row) + " |" for row in table)
    return f"## cgroup {layout()}\n\n{system}, Linux {platform.release()}.\n\n{body}\n"


def document(head: str, before: str, mine: str) -> str:
    """`head`, then the sections of `before` with this layout's replaced by `mine`."""
    title = mine.partition("\n")[0]
    others = [f"## {part}" for part in before.split("\n## ")[1:]]
    kept: Sequence[str] = [
        part.rstrip() + "\n" for part in others if part.partition("\n")[0] != title
    ]
    return "\n".join([head, *sorted([*kept, mine])])


def write(path: Path, head: str, rows: Iterable[Row]) -> None:
    """Bring the document at `path` up to date with this run."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(document(head, before, section(rows)), encoding="utf-8")
