"""What an operator may set of the embedded store."""

from dataclasses import dataclass

GIB = 1 << 30
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """How long each tier is kept, how large the store may grow, and who owns its files.

    A day of retention counts from a reading's wall time. `size_cap_bytes` None means the smaller
    of 5 GiB and a tenth of the file system. `group` None leaves the files to the caller's group.
    """

    raw_days: float = 14
    minute_days: float = 90
    hour_days: float = 730
    size_cap_bytes: int | None = None
    free_reserve_bytes: int = GIB
    pending_bytes: int = 16 * MIB
    group: str | int | None = None
