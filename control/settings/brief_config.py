"""What a probe needs of the configuration, read in a millisecond where the file is plain.

tomllib and msgspec take 35 ms to import, twice what the rest of a probe takes. A file in which
every line is one this can be sure of (a comment, a section, a key with a plain value) is read
here; for any other the caller loads the configuration proper. Mistakes are not looked for: the
agent, whose figures the probe shows, has refused them.
"""

from __future__ import annotations

from collector.plain import is_absent, is_number, text
from collector.record import Record

_DURATIONS = {"s": 1, "m": 60, "h": 3600}
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./ :")


class BriefConfig(Record):
    """The keys of the sections [collector], [store] and [monitoring] that probes look at."""

    interval: float = 5.0
    store: str = "/var/lib/nebulxc/store"
    missing_state: str = "POWEROFF"


def load(path: str) -> BriefConfig | None:
    """The configuration in `path`, the defaults where there is no file; None where it is not
    plain, or cannot be read."""
    found = text(path)
    if found is None:
        return BriefConfig() if is_absent(path) else None
    values = _values(found)
    return None if values is None else _chosen(values)


def _chosen(values: dict[str, str]) -> BriefConfig | None:
    default = BriefConfig()
    interval = _seconds(values.get("collector.interval", "5s"))
    if interval is None:
        return None
    return BriefConfig(
        interval,
        values.get("store.directory", default.store),
        values.get("monitoring.missing_state", default.missing_state),
    )


def _values(toml: str) -> dict[str, str] | None:
    """Plain strings by "section.key"; None for a line that is anything else than expected."""
    found: dict[str, str] = {}
    section = ""
    for line in toml.split("\n"):
        said = line.strip()
        if not said or said.startswith("#"):
            continue
        if said.startswith("["):
            section = said[1:-1]
            if not (said.endswith("]") and section.isalpha() and section.isascii()):
                return None
            continue
        key, equals, value = (part.strip() for part in said.partition("="))
        if not (equals and key.isidentifier() and key.isascii() and _is_plain(value)):
            return None
        found[f"{section}.{key}"] = value.strip('"')
    return found


def _is_plain(value: str) -> bool:
    """Whether this is true, false, a whole number, a string without anything to interpret, or
    a list of such strings on one line."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        return _PLAIN.issuperset(value[1:-1])
    if value.startswith("[") and value.endswith("]"):
        return _PLAIN.issuperset(value[1:-1].replace('"', "").replace(",", ""))
    return value in ("true", "false") or is_number(value)


def _seconds(duration: str) -> float | None:
    """ "5s", "1m", "1h"; None for anything less usual."""
    digits, unit = duration[:-1], duration[-1:]
    if unit not in _DURATIONS or not is_number(digits):
        return None
    return float(int(digits) * _DURATIONS[unit])
