"""forecast.conf: whether, and how far ahead, to look; OpenNebula's syntax as such files use it."""

from dataclasses import dataclass

from collector.plain import is_number

NEAR_MIN, FAR_MIN = 5, 2880


@dataclass(frozen=True, slots=True)
class Periods:
    """Minutes ahead; None where that forecast is switched off."""

    near: int | None = NEAR_MIN
    far: int | None = FAR_MIN


def parse(text: str, section: str) -> Periods:
    """The periods of "host" or "virtualmachine"; the defaults where the text does not tell."""
    values = _nested(text)

    def period(name: str, usual: int) -> int | None:
        if values.get(f"{section}.{name}.enabled") == "false":
            return None
        said = values.get(f"{section}.{name}.period", "")
        return int(said) if is_number(said) and int(said) > 0 else usual

    return Periods(period("forecast", NEAR_MIN), period("forecast_far", FAR_MIN))


def _nested(text: str) -> dict[str, str]:
    """Indented `key: value` lines → values by "outer.inner.key"."""
    found: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in text.splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        if not (colon and key.strip()):
            continue
        depth = len(key) - len(key.lstrip())
        above = [*(each for each in above if each[0] < depth), (depth, key.strip())]
        if value.strip():
            found[".".join(name for _, name in above)] = value.strip().lower()
    return found
