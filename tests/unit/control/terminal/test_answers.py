import math

from collector.model import Point, Series
from control.terminal.answers import answer, as_text, full_name

SECOND = 1_000_000_000


def point(second: int, value: float, generation: int = 1) -> Point:
    return Point(second * 1000, second * SECOND, generation, value, value, value)


def series(*points: Point) -> Series:
    return Series("m", (("device", "eth0"),), points)


def test_values_as_they_were_read() -> None:
    found = answer(series(point(1, 5), point(2, math.nan)), rate=False)
    assert found.labels == (("device", "eth0"),)
    assert found.points == [(1000, 5), (2000, None)]


def test_rates_are_unknown_across_a_restart() -> None:
    found = answer(series(point(1, 5), point(2, 9), point(3, 1, generation=2)), rate=True)
    assert found.points == [(2000, 4.0), (3000, None)]


def test_names_escape_what_would_break_a_line() -> None:
    assert full_name("m", (("container", 'a"\\\nb'),)) == 'm{container="a\\"\\\\\\nb"}'
    assert full_name("m", ()) == "m"


def test_text_has_a_dash_for_unknown() -> None:
    found = [answer(series(point(1, 1.5), point(2, math.nan)), rate=False)]
    lines = list(as_text("m", found, lambda wall_ms: f"t{wall_ms}"))
    assert lines == ['m{device="eth0"}', "t1000  1.5", "t2000  -", ""]
