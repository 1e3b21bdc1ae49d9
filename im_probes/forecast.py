"""Pure: a series' history → what it will be some steps ahead, and how far off that may be.

A few plain guesses are made for every past step that can be checked by now; the one whose errors
were smallest is used, and its errors are the bound. The last value stays unless another guess was
better by MARGIN. Fitted trends are not among them: on recorded series they were worse than the
last value almost everywhere (docs/opennebula.md has the figures).

A series that changes its ways makes worse errors than it used to, so the bound is checked like the
guess: as it would have been told at each past step, and widened by as much as it fell short.
"""

import math
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Values = Sequence[float]
"""One per step, oldest first; NaN where unknown."""
Guess = Callable[[Values, int, int], float | None]
"""(values, how many of them are history, steps ahead of it) → a value, None where the history does
not give one."""

MARGIN = 0.95
LIKELY = 0.8
"""The share of errors that are to be within the bound."""
CHECKED = 24
"""So many guesses must have been checked before one is told."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """`value`, and how far off: a share of LIKELY of such forecasts is within `error`."""

    value: float
    error: float


def last(values: Values, end: int, _ahead: int) -> float | None:
    """That nothing changes."""
    value = values[end - 1]
    return value if value == value else None  # noqa: PLR0124 - not NaN


def recent_median(count: int) -> Guess:
    """The median of the last `count` values: a spike is over when it is told."""
    return lambda values, end, _ahead: _known(values[max(0, end - count) : end], _median)


def recent_mean(count: int) -> Guess:
    """The mean of the last `count` values."""
    return lambda values, end, _ahead: _known(values[max(0, end - count) : end], _mean)


def same_time(period: int, days: int) -> Guess:
    """The mean of what it was at the same time in each of the last `days` periods."""

    def guess(values: Values, end: int, ahead: int) -> float | None:
        place = end - 1 + ahead
        place -= -(-(place - end + 1) // period) * period
        return _known([values[at] for at in range(place, -1, -period)[:days]], _mean)

    return guess


def _known(values: Values, summary: Callable[[list[float]], float]) -> float | None:
    known = [value for value in values if value == value]  # noqa: PLR0124 - not NaN
    return summary(known) if len(known) * 2 >= len(values) > 0 else None


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def _median(values: list[float]) -> float:
    values.sort()
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


NEAR: tuple[Guess, ...] = (last, recent_median(5), recent_mean(12))
"""For some steps of 5 minutes."""
FAR: tuple[Guess, ...] = (last, recent_median(168), same_time(24, 7))
"""For days, in steps of an hour."""


def forecast(history: Values, ahead: int, guesses: Sequence[Guess]) -> Forecast | None:
    """What `history` leads to `ahead` steps from its end; None where it is too short to tell."""
    best: tuple[float, Guess, list[float]] | None = None
    plain = _errors(history, ahead, last)
    limit = _mean(plain) if plain else math.inf
    for guess in guesses:
        errors = plain if guess is last else _errors(history, ahead, guess)
        if len(errors) < CHECKED:
            continue
        score = _mean(errors) * (1 if guess is last else 1 / MARGIN)
        if (guess is last or score < limit) and (best is None or score < best[0]):
            best = score, guess, errors
    if best is None:
        return None
    _, guess, errors = best
    value = guess(history, len(history), ahead)
    return None if value is None else Forecast(value, bound(errors, ahead))


def bound(errors: Sequence[float], ahead: int) -> float:
    """What the next error is within with LIKELY, from at least one of the past, oldest first.

    Never wider than the largest of them. Those of forecasts `ahead` steps overlap: where they are
    too few to check bounds by, they count for as many as there are spans of that length.
    """
    ordered = sorted(errors)
    fell_short = sorted(_shortfalls(errors, ahead))
    if len(fell_short) < CHECKED:
        return _at(ordered, LIKELY * (1 + ahead / len(errors)))
    usual = _at(ordered, LIKELY)
    return min(ordered[-1], usual * max(1.0, _at(fell_short, LIKELY))) if usual else usual


def _shortfalls(errors: Sequence[float], ahead: int) -> Iterator[float]:
    """Each error over the bound that the ones before it gave, once there were CHECKED of these."""
    known: list[float] = []
    for place, error in enumerate(errors):
        if place >= ahead:
            insort(known, errors[place - ahead])
        if len(known) >= CHECKED:
            told = _at(known, LIKELY)
            yield error / told if told else math.inf if error else 1.0


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _errors(history: Values, ahead: int, guess: Guess) -> list[float]:
    """How far off each guess was that can be checked."""
    found = []
    for end in range(1, len(history) - ahead + 1):
        actual = history[end - 1 + ahead]
        guessed = guess(history, end, ahead) if actual == actual else None  # noqa: PLR0124
        if guessed is not None:
            found.append(abs(guessed - actual))
    return found
