import math
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.series import Outcome, backtest, means, recorded

from im_probes.forecast import CHECKED, FAR, LIKELY, NEAR, bound, forecast, last, same_time
from im_probes.history import Horizon, far, near

NAN = math.nan


@pytest.mark.parametrize("guesses", [NEAR, FAR])
def test_what_never_changes_stays_and_is_sure(guesses: tuple[object, ...]) -> None:
    told = forecast([7.0] * 100, 1, guesses)  # type: ignore[arg-type]  # of parametrize
    assert told is not None
    assert (told.value, told.error) == (7.0, 0.0)


def test_too_little_history_tells_nothing() -> None:
    assert forecast([1.0] * CHECKED, 1, NEAR) is None
    assert forecast([1.0] * (CHECKED + 1), 1, NEAR) is not None
    assert forecast([1.0] * 71, 48, FAR) is None
    assert forecast([NAN] * 300, 1, NEAR) is None
    assert forecast([], 1, NEAR) is None


def test_a_day_like_the_days_before() -> None:
    day = [float(hour) for hour in range(24)]
    told = forecast([*day * 10, 0.0, 1.0], 3, FAR)
    assert told is not None
    assert (told.value, told.error) == (4.0, 0.0)


def test_a_spike_is_not_taken_for_the_future() -> None:
    values = ([5.0] * 11 + [90.0]) * 20
    told = forecast(values, 1, NEAR)
    assert told is not None
    assert told.value == 5.0


def test_the_same_time_looks_back_over_whole_periods() -> None:
    guess = same_time(4, 2)
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    assert guess(values, 8, 1) == 3.0
    assert guess(values, 8, 6) == 4.0
    assert guess(values, 8, 4) == 6.0
    assert guess(values, 6, 1) == 3.0, "it does not look ahead"
    assert guess(values, 1, 2) is None


@given(st.lists(st.floats(0, 1e12) | st.just(NAN), max_size=80), st.integers(1, 10))
def test_whatever_it_says_is_a_number_within_the_history(values: list[float], ahead: int) -> None:
    for guesses in (NEAR, FAR, (last,)):
        told = forecast(values, ahead, guesses)
        if told is not None:
            known = [value for value in values if not math.isnan(value)]
            # a mean may be off by its rounding
            assert min(known) * 0.999999 <= told.value <= max(known) * 1.000001
            assert told.error >= 0


def test_a_bound_that_always_held_is_the_share_of_errors() -> None:
    assert bound([1.0, 2.0, 3.0, 4.0, 5.0] * 40, 1) == 5.0
    assert bound([1.0, 1.0, 1.0, 1.0, 5.0, 1.0] * 40, 1) == 1.0


def test_errors_that_grow_widen_it() -> None:
    growing = [1.05**place for place in range(100)]
    told = bound(growing, 10)
    assert growing[85] < told <= growing[-1], "four fifths of the past would be growing[80]"


def test_few_errors_of_long_forecasts_are_not_trusted() -> None:
    errors = [float(place) for place in range(30)]
    assert bound(errors, 48) == 29.0
    assert bound(errors, 1) == 24.0


def test_what_was_always_right_has_no_error() -> None:
    assert bound([0.0] * 200, 48) == 0.0


@given(st.lists(st.floats(0, 1e300), min_size=1, max_size=120), st.integers(1, 60))
def test_a_bound_is_never_beyond_the_largest_error(errors: list[float], ahead: int) -> None:
    assert 0 <= bound(errors, ahead) <= max(errors)


def outcomes(horizon: Horizon, steps: int, start: int, stride: int) -> list[Outcome]:
    every = (backtest(means(v, steps), horizon, start, stride) for v in recorded().values())
    return list(every)


@pytest.mark.parametrize(
    ("horizon", "steps", "start", "stride"), [(near(5), 1, 300, 101), (far(2880), 12, 100, 7)]
)
def test_on_recorded_series_it_is_better_than_the_last_value(
    horizon: Horizon, steps: int, start: int, stride: int
) -> None:
    found = outcomes(horizon, steps, start, stride)
    ratios = [each.ratio for each in found]
    assert len(ratios) == 17
    assert fmean(ratios) < 1
    assert median(ratios) < 1
    assert sum(ratio <= 1 for ratio in ratios) > len(ratios) / 2
    assert fmean(each.within for each in found) == pytest.approx(LIKELY, abs=0.04)
