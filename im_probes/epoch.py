"""The time that goes on messages. monitord drops what is older than what it had last."""

from collector.model import Stamp

NS = 1_000_000_000
MS = 1_000


class Epochs:
    """Unix seconds that follow the wall clock but never go back.

    While a stepped-back wall clock is behind what was sent, time goes on at the pace of the
    monotonic clock: neither muted for an hour, nor many records of one second.
    """

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None

    def of(self, stamp: Stamp) -> int:
        """The epoch for a message sent at `stamp`."""
        wall = stamp.wall_ms * (NS // MS)
        if self._last is not None:
            before, mono = self._last
            wall = max(wall, before + stamp.mono_ns - mono)
        self._last = wall, stamp.mono_ns
        return wall // NS
