"""Each seq of the past is answered for by one tier, the finest that the step asks for."""

import pytest

from collector.store.slices import HOUR, MINUTE, RAW
from collector.store.tiers import END, Part, plan

FULL = {RAW: (700, 900), MINUTE: (300, 900), HOUR: (1, 800)}


@pytest.mark.parametrize(
    ("step_ms", "parts"),
    [
        (0, [Part(HOUR, 0, 299), Part(MINUTE, 0, 699), Part(RAW, 700, 900)]),
        (59_999, [Part(HOUR, 0, 299), Part(MINUTE, 0, 699), Part(RAW, 700, 900)]),
        (60_000, [Part(HOUR, 0, 299), Part(MINUTE, 300, 900), Part(RAW, 901, END)]),
        (3_600_000, [Part(HOUR, 1, 800), Part(MINUTE, 801, END), Part(RAW, 901, END)]),
    ],
)
def test_parts_of_a_full_store(step_ms: int, parts: list[Part]) -> None:
    assert plan(FULL, step_ms) == parts


def test_a_store_without_hours_answers_with_minutes() -> None:
    parts = plan({RAW: (1, 900), MINUTE: (1, 900)}, 3_600_000)
    assert parts[0] == Part(MINUTE, 1, END)


def test_raw_that_expired_is_answered_for_by_coarser_tiers() -> None:
    assert plan({MINUTE: (300, 900), HOUR: (1, 800)}, 0) == [
        Part(HOUR, 0, 299),
        Part(MINUTE, 0, 900),
    ]


def test_an_empty_store_has_no_parts() -> None:
    assert plan({}, 0) == []
