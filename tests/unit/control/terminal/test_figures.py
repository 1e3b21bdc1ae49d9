import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.terminal.figures import age, amount, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0"),
        (999, "999"),
        (1000, "1.0K"),
        (1536, "1.5K"),
        (10 * 1024, "10K"),
        (128 * 1024**2, "128M"),
        (9.96 * 1024**3, "10G"),
        (2 * 1024**4, "2.0T"),
    ],
)
def test_amounts(value: float | None, text: str) -> None:
    assert amount(value) == text


@given(st.floats(min_value=0, max_value=2.0**59))
def test_an_amount_is_at_most_five_characters(value: float) -> None:
    assert len(amount(value)) <= 5


@pytest.mark.parametrize(
    ("share", "text"), [(None, "-"), (0, "0.0"), (0.1234, "12.3"), (0.9996, "100"), (4, "400")]
)
def test_percents(share: float | None, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0.5, "0s"), (42, "42s"), (190, "3m 10s"), (18_120, "5h 2m"), (86_460, "1d 1m")],
)
def test_ages(seconds: float | None, text: str) -> None:
    assert age(seconds) == text
