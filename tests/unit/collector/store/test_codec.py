"""Columns of doubles survive the codec, and steady ones become small."""

import math
import random
from array import array

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.store import codec

anything = st.lists(st.floats(), max_size=80)
counters = st.lists(st.integers(-(2**53), 2**53).map(float), max_size=80)
ticks = st.lists(st.integers(0, 10**12).map(lambda n: n / 1e6), max_size=80)


def same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


@given(st.one_of(anything, counters, ticks))
@example([math.inf, -math.inf])
@example([math.inf, math.nan, -math.inf])
@example([math.nan])
@example([2.0**63, 0.0])
@example([1e308, -1e308])
@example([5e-324, 0.0])
def test_every_column_survives(values: list[float]) -> None:
    back = codec.decode(codec.encode(array("d", values)), len(values))
    assert len(back) == len(values)
    assert all(map(same, back, values))


@given(st.lists(st.integers(-(2**61), 2**61), min_size=1, max_size=80))
def test_integers_beyond_a_doubles_precision_survive(values: list[int]) -> None:
    assert codec.decode_integers(codec.encode_integers(values), len(values)) == values


def test_a_hundred_days_of_nanoseconds_keep_every_one() -> None:
    values = [2**53 + 1 + n * 5_000_000_007 for n in range(720)]
    assert codec.decode_integers(codec.encode_integers(values), 720) == values


@pytest.mark.parametrize(
    ("values", "bytes_each"),
    [
        ([7.0] * 720, 0.02),
        ([math.nan] * 720, 0.1),
        ([1e9 + n * 1000 for n in range(720)], 0.1),
        ([(10**9 + n * 1_234_567) / 1e9 for n in range(720)], 0.1),
        ([n / 100 for n in range(720)], 0.1),
    ],
)
def test_steady_columns_become_small(values: list[float], bytes_each: float) -> None:
    assert len(codec.encode(array("d", values))) <= bytes_each * len(values)


def test_a_counter_of_seconds_costs_its_randomness_only() -> None:
    noise = random.Random(1)
    counter = [0.0]
    while len(counter) < 720:
        counter.append((round(counter[-1] * 1e6) + noise.randrange(2**16)) / 1e6)
    assert len(codec.encode(array("d", counter))) < 2.2 * 720


def test_a_column_cut_short_is_an_error() -> None:
    data = codec.encode(array("d", [1.0, 2.0, 4.0]))
    with pytest.raises(ValueError, match="a column of 4 values holds 3"):
        codec.decode(data, 4)
