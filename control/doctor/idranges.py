"""Host ids of containers: no two may share one, and all are of the node's pool."""

from collections.abc import Iterator

from control.doctor.finding import Finding
from control.doctor.sight import Sight
from vmm import idrange
from vmm.errors import DriverError
from vmm.idrange import IdRange
from vmm.state import PLAN

REMEDY = "power the VM off and resume it: a deploy chooses ids anew"


def check(sight: Sight) -> Iterator[Finding]:
    """Of the ranges that definitions have on record."""
    ranges = dict(_recorded(sight))
    pool = idrange.pool(sight.policy)
    others = idrange.foreign(idrange.read_subids(), sight.policy)
    seen: list[tuple[str, IdRange]] = []
    for name, ids in ranges.items():
        where = f"{ids.start}-{ids.end - 1}"
        if not pool.covers(ids):
            yield Finding(name, "its host ids are outside of the node's pool", where, REMEDY)
        if any(ids.overlaps(other) for other in others):
            yield Finding(name, "its host ids are promised to another user", where, REMEDY)
        for other, theirs in seen:
            if ids.overlaps(theirs):
                yield Finding(name, f"it shares host ids with {other}", where, REMEDY)
        seen.append((name, ids))


def _recorded(sight: Sight) -> Iterator[tuple[str, IdRange]]:
    for life in sight.lives:
        try:
            plan = life.container.state.read(PLAN)
        except DriverError:
            continue
        if plan and plan.get("uid"):
            yield life.name, IdRange(plan["uid"])
