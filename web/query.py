"""Pure: a request's metric, since, until, step and rate → what to ask the store; or why not."""

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from collector.store import Span

MAX_POINTS = 20_000
AIM_POINTS = 360
RAW_POINTS = 1000
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_STEPS_S = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_SHORTEST_S = 0.001
_LONGEST_S = 10 * 366 * 86400
_WALL_S = 1e8
"""A plain number below this is no unix time (March 1973): it is refused, not guessed."""


class Refused(Exception):
    """A request that cannot be answered: HTTP status, one sentence, and the valid choices."""

    def __init__(self, status: int, text: str, choices: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.status = status
        self.choices = tuple(choices)


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """What one series request wants. `rate` turns counters into units per second."""

    metrics: tuple[str, ...]
    span: Span
    rate: bool


def seconds(text: str, name: str) -> float:
    """The seconds in "90s", "15m", "1h30m", "7d"; Refused for anything else."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise Refused(
            400, f"{name}={text[:40]!r} is not a duration: write it like 30s, 15m, 1h30m or 7d"
        )
    return min(math.fsum(float(number) * _UNITS[unit] for number, unit in parts), _LONGEST_S)


def moment_ms(text: str, name: str, now_ms: int) -> int:
    """A duration before now, or a unix time in seconds, as wall milliseconds."""
    try:
        unix = float(text)
    except ValueError:
        return now_ms - round(seconds(text, name) * 1000)
    if not _WALL_S <= unix <= now_ms / 1000 + _LONGEST_S:
        raise Refused(
            400, f"{name}={text[:40]} is neither a unix time in seconds nor a duration like 15m"
        )
    return round(unix * 1000)


def step_ms(text: str, width_ms: int, interval_s: float) -> int:
    """The step asked for; "" chooses one of at most 360 points, or 0 for up to 1000 readings."""
    if text in ("", "auto"):
        if width_ms / 1000 <= RAW_POINTS * interval_s:
            return 0
        wanted = width_ms / 1000 / AIM_POINTS
        return 1000 * next((step for step in _STEPS_S if step >= wanted), _STEPS_S[-1])
    if text in ("0", "raw"):
        return 0
    try:
        step = float(text)
    except ValueError:
        step = seconds(text, "step")
    if not _SHORTEST_S <= step <= _LONGEST_S:
        raise Refused(400, f"step={text[:40]} must be 0 (every reading) or above, like 10s or 1m")
    return max(1, round(step * 1000))


def parse(args: Mapping[str, Sequence[str]], now_ms: int, interval_s: float) -> SeriesQuery:
    """The query in a request's arguments; Refused names what is wrong with it."""
    _known(args)
    metrics = tuple(dict.fromkeys(args.get("metric", ())))
    if not metrics:
        raise Refused(400, "metric is missing: name one, like ?metric=lxc_memory_usage_bytes")
    since = moment_ms(_one(args, "since", "1h"), "since", now_ms)
    until = moment_ms(_one(args, "until", str(now_ms / 1000)), "until", now_ms)
    if since >= until:
        raise Refused(400, "since must lie before until")
    step = step_ms(_one(args, "step", ""), until - since, interval_s)
    if (points := (until - since) / (step or interval_s * 1000)) > MAX_POINTS:
        raise Refused(
            400,
            f"that is {points:.0f} points a series and {MAX_POINTS} is the most: "
            "ask for a longer step or a shorter range",
        )
    return SeriesQuery(metrics, _aligned(since, until, step), _flag(_one(args, "rate", "0")))


def nearest(name: str, known: Iterable[str], most: int = 5) -> list[str]:
    """The known names that look most like `name`; the first ones where none does."""
    names = sorted(known)
    return difflib.get_close_matches(name, names, n=most, cutoff=0.4) or names[:most]


def _aligned(since: int, until: int, step: int) -> Span:
    """Steps start at multiples of the step, so that every request cuts time at the same places."""
    return Span(since - since % step if step else since, until, step)


def _known(args: Mapping[str, Sequence[str]]) -> None:
    choices = ("metric", "since", "until", "step", "rate")
    unknown = [name for name in args if name not in choices]
    if unknown:
        raise Refused(400, f"there is no parameter {unknown[0][:40]!r}", choices)


def _one(args: Mapping[str, Sequence[str]], name: str, default: str) -> str:
    values = args.get(name, ())
    if len(values) > 1:
        raise Refused(400, f"{name} is given {len(values)} times")
    return values[0] if values else default


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise Refused(400, f"rate={text[:40]!r} must be 0 or 1", ("0", "1"))
    return text == "1"
