"""Pure: how old the last reading is and what is wrong, in one sentence with a since-when."""

from dataclasses import dataclass

from collector.model import Stamp
from web.live import ClockStep, Snapshot, Unreadable
from web.settings import PageSettings

SHOW_STEP_S = 900
_MIB = 1024 * 1024
_LOOK = "see systemctl status nebulxc-agent, or the terminal that runs it"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `level` is "error" (readings are missing) or "notice"."""

    code: str
    level: str
    text: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Health:
    """What /healthz says. `age_s` is None while there is no reading."""

    age_s: float | None
    problem: Problem | None

    @property
    def ok(self) -> bool:
        """Whether readings arrive; a notice does not change that."""
        return self.problem is None or self.problem.level == "notice"


def age_s(read: Stamp, now: Stamp) -> float:
    """Seconds since `read`: monotonic within one boot, so that a stepped clock does not matter."""
    if read.boot_id == now.boot_id:
        return max(0.0, (now.mono_ns - read.mono_ns) / 1e9)
    return max(0.0, (now.wall_ms - read.wall_ms) / 1e3)


def of_snapshot(
    snapshot: Snapshot | None, now: Stamp, settings: PageSettings, free_bytes: int | None
) -> Health:
    """The health of a store that can be read. `free_bytes` is what its file system has left."""
    if snapshot is None:
        return Health(None, _empty(now, settings))
    age = age_s(snapshot.cycle.stamp, now)
    if age > settings.stale_s:
        return Health(age, _stale(age, now, settings, free_bytes))
    return Health(age, _stepped(snapshot.step, now))


def of_failure(failure: Unreadable) -> Health:
    """The health while the store cannot be read at all."""
    text = f"The store cannot be read: {failure}. The page tries again every few seconds."
    return Health(None, Problem("unreadable", "error", text, failure.since.wall_ms))


def _empty(now: Stamp, settings: PageSettings) -> Problem:
    text = (
        f"The store in {settings.store_dir} holds no reading yet. The agent writes one every "
        f"{settings.interval_s:g} s: if none arrives, {_LOOK}."
    )
    return Problem("empty", "error", text, now.wall_ms)


def _stale(age: float, now: Stamp, settings: PageSettings, free_bytes: int | None) -> Problem:
    since = now.wall_ms - round(age * 1000)
    if free_bytes is not None and free_bytes < settings.reserve_bytes:
        text = (
            f"The disk with the store is full: {free_bytes // _MIB} MiB are free at "
            f"{settings.store_dir}, and {settings.reserve_bytes // _MIB} MiB are left untouched. "
            "The agent keeps readings in memory until there is room: free some space."
        )
        return Problem("disk_full", "error", text, since)
    text = (
        "The agent has stopped writing: what is shown is old. It was stopped, has died or hangs: "
        f"{_LOOK}."
    )
    return Problem("stale", "error", text, since)


def _stepped(step: ClockStep | None, now: Stamp) -> Problem | None:
    if step is None or age_s(step.at, now) > SHOW_STEP_S:
        return None
    direction = "forward" if step.by_ms > 0 else "back"
    outcome = "charts have a gap there" if step.by_ms > 0 else "charts show that time twice"
    text = (
        f"This host's clock jumped {direction} by {_span(abs(step.by_ms))}: {outcome}; "
        "rates are right."
    )
    return Problem("clock_stepped", "notice", text, step.at.wall_ms)


def _span(milliseconds: int) -> str:
    seconds = milliseconds / 1000
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"
