"""Requests' times and steps."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web import query

NOW_MS = 1_763_800_000_000
KEPT = {"metric": ["m"]}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("15m", 900), ("1h30m", 5400), ("7d", 604800), ("250ms", 0.25), ("1.5h", 5400)],
)
def test_durations(text: str, seconds: float) -> None:
    assert query.seconds(text, "since") == seconds


@pytest.mark.parametrize("text", ["", "h", "15", "m15", "15 m", "-1h", "1y", "1h x", "1e3s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(query.Refused, match="not a duration"):
        query.seconds(text, "since")


def test_the_default_is_the_last_hour_at_a_step_that_fits() -> None:
    found = query.parse(KEPT, NOW_MS, 5.0)
    assert (found.span.until_ms, found.span.step_ms, found.rate) == (NOW_MS, 0, False)
    assert found.span.since_ms == NOW_MS - 3_600_000


@pytest.mark.parametrize(
    ("since", "step_ms"),
    [
        ("15m", 0),
        ("1h", 0),
        ("2h", 30_000),
        ("24h", 300_000),
        ("7d", 1_800_000),
        ("90d", 21_600_000),
    ],
)
def test_the_step_follows_the_range(since: str, step_ms: int) -> None:
    assert query.parse({**KEPT, "since": [since]}, NOW_MS, 5.0).span.step_ms == step_ms


def test_steps_begin_at_multiples_of_the_step() -> None:
    span = query.parse({**KEPT, "step": ["7s"]}, NOW_MS + 123, 5.0).span
    assert span.since_ms % 7000 == 0


def test_times_may_be_unix_seconds() -> None:
    args = {**KEPT, "since": ["1763799000.5"], "until": ["1763799900"], "step": ["0"]}
    span = query.parse(args, NOW_MS, 5.0).span
    assert (span.since_ms, span.until_ms) == (1_763_799_000_500, 1_763_799_900_000)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"since": ["12"]}, "neither a unix time"),
        ({"since": ["nan"]}, "neither a unix time"),
        ({"since": ["inf"]}, "neither a unix time"),
        ({"since": ["1h"], "until": ["2h"]}, "since must lie before until"),
        ({"step": ["-5"]}, "step=-5"),
        ({"step": ["nan"]}, "step=nan"),
        ({"step": ["fast"]}, "not a duration"),
        ({"since": ["90d"], "step": ["1s"]}, "20000 is the most"),
        ({"since": ["90d"], "step": ["0"]}, "20000 is the most"),
        ({"since": ["1h", "2h"]}, "given 2 times"),
        ({"rate": ["yes"]}, "must be 0 or 1"),
    ],
)
def test_refusals_say_what_is_wrong(args: dict[str, list[str]], said: str) -> None:
    with pytest.raises(query.Refused, match=said) as caught:
        query.parse({**KEPT, **args}, NOW_MS, 5.0)
    assert caught.value.status == 400


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["since", "until", "step", "rate"]), st.text(max_size=12)))
def test_any_text_is_answered_or_refused(args: dict[str, str]) -> None:
    given_args = {**KEPT, **{name: [text] for name, text in args.items()}}
    try:
        span = query.parse(given_args, NOW_MS, 5.0).span
    except query.Refused:
        return
    assert span.since_ms < span.until_ms
    assert (span.until_ms - span.since_ms) / (span.step_ms or 5000) <= query.MAX_POINTS + 1


def test_nearest_names_come_first() -> None:
    assert query.nearest("wbe", ["web", "db", "mail"])[0] == "web"
    assert query.nearest("zzz", ["b", "a"]) == ["a", "b"]
