"""Each seq of the past is answered for by one tier, the finest that the step asks for."""

import pytest

from collector.store.slices import FRESH, HOUR, MINUTE, RAW
from collector.store.tiers import Part, plan

FULL = {RAW: (700, 900), FRESH: (801, 900), MINUTE: (300, 800), HOUR: (1, 800)}
ALL_RAW = [Part(HOUR, 1, 299), Part(MINUTE, 300, 699), Part(RAW, 700, 900)]


@pytest.mark.parametrize(
    ("step_ms", "parts"),
    [
        (0, ALL_RAW),
        (59_999, ALL_RAW),
        (60_000, [Part(HOUR, 1, 299), Part(MINUTE, 300, 800), Part(FRESH, 801, 900)]),
        (3_600_000, [Part(HOUR, 1, 800), Part(FRESH, 801, 900)]),
    ],
)
def test_parts_of_a_full_store(step_ms: int, parts: list[Part]) -> None:
    assert plan(FULL, step_ms) == parts


def test_a_first_day_answers_with_fresh_minutes() -> None:
    assert plan({RAW: (1, 900), FRESH: (1, 900)}, 3_600_000) == [Part(FRESH, 1, 900)]


def test_raw_that_expired_is_answered_for_by_coarser_tiers() -> None:
    held = {FRESH: (801, 900), MINUTE: (300, 800), HOUR: (1, 800)}
    assert plan(held, 0) == [Part(HOUR, 1, 299), Part(MINUTE, 300, 800), Part(FRESH, 801, 900)]


def test_minutes_that_expired_are_answered_for_by_hours() -> None:
    held = {RAW: (850, 900), FRESH: (801, 900), HOUR: (1, 800)}
    assert plan(held, 60_000) == [Part(HOUR, 1, 800), Part(FRESH, 801, 900)]


def test_an_empty_store_has_no_parts() -> None:
    assert plan({}, 0) == []
