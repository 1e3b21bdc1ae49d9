import io

import pytest
from rich.console import Console

from control.terminal.lines import Line
from control.terminal.top_table import ORDERS, Frame, draw, ordered

BUSY = Line(
    "one-7",
    "7",
    "running",
    0.0,
    cpu=0.5,
    cpu_limit=0.5,
    memory=2**30,
    memory_limit=2**31,
    received=1e6,
    sent=2e3,
    read=0,
    written=5e8,
    cpu_pressure=1.0,
    memory_pressure=0,
    io_pressure=0.25,
)
NEW = Line("a-name-that-is-much-longer-than-any-column-could-be", None, "frozen", None)


def drawn(
    *lines: Line, key: str = "c", height: int | None = 24, note: str = "", width: int = 80
) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=False)
    console.print(draw(lines, ORDERS[key], Frame("host h", note, width, height)))
    return out.getvalue().splitlines()


def test_a_frame_fits_80_columns_and_shows_every_figure() -> None:
    frame = drawn(BUSY, NEW)
    assert max(map(len, frame)) <= 80
    assert frame[2].split() == [
        "one-7",
        "50.0",
        "1.0G",
        "2.0G",
        "977K",
        "2.0K",
        "0",
        "477M",
        "100/0/25",
    ]


@pytest.mark.parametrize(
    ("key", "width", "titles"),
    [
        ("c", 60, "CONTAINER CPU% MEM LIMIT RX/s TX/s RD/s WR/s"),
        ("c", 40, "CONTAINER CPU% MEM LIMIT"),
        ("d", 40, "CONTAINER CPU% RD/s WR/s"),
        ("p", 30, "CONTAINER WAIT% C/M/I"),
        ("a", 20, "CONTAINER CPU%"),
    ],
)
def test_where_it_is_narrow_names_stay_and_what_is_sorted_by(
    key: str, width: int, titles: str
) -> None:
    frame = drawn(BUSY, key=key, width=width)
    assert max(map(len, frame)) <= width
    assert frame[1].split() == titles.split()
    assert frame[2].startswith("one-7")


def test_unknown_is_a_dash() -> None:
    assert drawn(NEW)[2].split()[-8:] == ["-"] * 7 + ["-/-/-"]


def test_an_empty_host_explains_itself() -> None:
    assert any("No container runs" in line for line in drawn())
    assert any("No container runs" in line for line in drawn(Line("x", None, "stopped", None)))


def test_names_cannot_write_to_the_terminal() -> None:
    evil = Line("\x1b[2Jx\n[red]y", None, "running", None)
    assert "?[2Jx?[red]y" in "\n".join(drawn(evil))


@pytest.mark.parametrize(
    ("key", "expected"),
    [("c", "bac"), ("m", "abc"), ("n", "cab"), ("d", "acb"), ("p", "bac"), ("a", "abc")],
)
def test_orders(key: str, expected: str) -> None:
    lines = [
        Line("a", None, None, None, cpu=1.0, memory=5, written=1, io_pressure=0.1),
        Line("b", None, None, None, cpu=2.0, memory=4, cpu_pressure=0.5),
        Line("c", None, None, None, memory=3, received=1.0, read=0.5),
    ]
    assert "".join(line.name for line in ordered(lines, ORDERS[key])) == expected


@pytest.mark.parametrize("note", ["", "short", "a note that is longer than a line " * 5])
def test_what_does_not_fit_the_terminal_is_counted(note: str) -> None:
    many = [Line(f"c{number:03}", None, "running", None) for number in range(100)]
    frame = drawn(*many, height=20, note=note)
    assert len(frame) < 20
    shown = sum(line.startswith("c0") for line in frame)
    assert shown >= 10
    assert frame[-1].startswith(f"{100 - shown} more c:cpu")
    assert frame[-1].endswith("q:quit")


def test_without_a_terminal_all_are_shown() -> None:
    many = [Line(f"c{number:03}", None, "running", None) for number in range(100)]
    frame = drawn(*many, height=None)
    assert len(frame) == 102
    assert "quit" not in frame[-1]
