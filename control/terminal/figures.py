"""Pure: numbers → the few characters that people read. None is "-", never 0."""

UNKNOWN = "-"
_KILO = 1024
_ROOM = 999.5  # what still rounds to three digits
_SMALL = 9.95  # what still rounds to one digit before the point
_TENTHS = 99.95


def amount(value: float | None) -> str:
    """Bytes in at most five characters, powers of 1024: 0, 999, 1.5K, 128M, 1.0G."""
    if value is None:
        return UNKNOWN
    for unit in ("", "K", "M", "G", "T"):
        if value < _ROOM:
            decimals = 1 if unit and value < _SMALL else 0
            return f"{value:.{decimals}f}{unit}"
        value /= _KILO
    return f"{value:.0f}P"


def percent(share: float | None) -> str:
    """0.123 → 12.3, from 100 on without decimals."""
    if share is None:
        return UNKNOWN
    value = share * 100
    return f"{value:.1f}" if value < _TENTHS else f"{value:.0f}"


def age(seconds: float | None) -> str:
    """Seconds as the two largest units: 42s, 3m 10s, 5h 2m, 12d 4h."""
    if seconds is None:
        return UNKNOWN
    left = max(0, int(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])
