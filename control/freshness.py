"""Whether an agent can be assumed to live, from when its last cycle was read."""

_STALE_INTERVALS = 3
_STALE_AT_LEAST_S = 5
_NS = 1_000_000_000


def is_young(age_ns: int, interval_s: float) -> bool:
    """Whether a cycle of this age, within one boot, is one of an agent that still reads."""
    return age_ns <= max(_STALE_INTERVALS * interval_s, _STALE_AT_LEAST_S) * _NS
