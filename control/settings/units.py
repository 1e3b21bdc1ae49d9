"""Pure: what people write ("5s", "14d", "5GB") → seconds and bytes."""

import re

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_BYTES = {
    "B": 1,
    **{f"{letter}B": 1000**power for power, letter in enumerate("kMGT", 1)},
    **{f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", 1)},
}
_NUMBER_AND_UNIT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)", re.ASCII)


def seconds(text: str) -> float:
    """ "90s", "1.5h", "14d", "2y" → seconds; ValueError names the units."""
    return _parsed(text, _SECONDS, 'a duration like "5s", "10m", "1h" or "14d"')


def byte_count(text: str) -> int:
    """ "5GB" (10^9) or "512MiB" (2^20) → bytes; ValueError names the units."""
    return int(_parsed(text, _BYTES, 'a size like "5GB" or "512MiB"'))


def _parsed(text: str, units: dict[str, int], wanted: str) -> float:
    match = _NUMBER_AND_UNIT.fullmatch(text.strip())
    if match is None or match[2] not in units:
        raise ValueError(f"{text!r} is not {wanted} (units: {', '.join(units)})")
    return float(match[1]) * units[match[2]]
