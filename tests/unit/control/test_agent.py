import pytest

from collector.model import Cycle, Stamp
from control.agent import NS, is_alive


@pytest.mark.parametrize(
    ("interval_s", "age_s", "alive"),
    [(5, 0, True), (5, 29, True), (5, 31, False), (60, 170, True), (60, 190, False)],
)
def test_an_agent_lives_while_its_readings_are_young(
    interval_s: float, age_s: int, alive: bool
) -> None:
    last = Cycle(Stamp(0, 1000 * NS, "boot"), ())
    assert is_alive(last, interval_s, (1000 + age_s) * NS) is alive


def test_without_any_reading_it_does_not() -> None:
    assert not is_alive(None, 5, 0)
