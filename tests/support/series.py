"""Recorded series (tests/captures/series) and how good forecasts of them are."""

import json
import lzma
import math
from dataclasses import dataclass
from pathlib import Path

from im_probes.forecast import forecast
from im_probes.history import Horizon

RECORDED = Path(__file__).parents[1] / "captures/series/cloudwatch.json.xz"
STEP_S = 300


def recorded() -> dict[str, list[float]]:
    """Values in steps of five minutes by name; NaN where nothing was recorded."""
    whole = json.loads(lzma.decompress(RECORDED.read_bytes()))
    return {
        name: [math.nan if value is None else value for value in series["values"]]
        for name, series in whole.items()
    }


def means(values: list[float], count: int) -> list[float]:
    """The mean of every `count` values."""
    parts = (values[at : at + count] for at in range(0, len(values) - count + 1, count))
    known = ([value for value in part if not math.isnan(value)] for part in parts)
    return [sum(part) / len(part) if part else math.nan for part in known]


@dataclass(frozen=True)
class Outcome:
    """Of forecasts of one series: how many, their mean error over that of the last value, and the
    share that was within its bound."""

    count: int
    ratio: float
    within: float


def backtest(values: list[float], horizon: Horizon, start: int, stride: int) -> Outcome:
    """Forecast from every `stride`-th step on by what was known at that time alone."""
    ours = plain = 0.0
    count = within = 0
    for end in range(start, len(values) - horizon.ahead + 1, stride):
        history = values[max(0, end - horizon.kept) : end]
        actual = values[end - 1 + horizon.ahead]
        if math.isnan(actual) or math.isnan(history[-1]):
            continue
        told = forecast(history, horizon.ahead, horizon.guesses)
        if told is not None:
            count += 1
            ours += abs(told.value - actual)
            plain += abs(history[-1] - actual)
            within += abs(told.value - actual) <= told.error
    return Outcome(count, ours / plain if plain else 1.0, within / count)
