"""Which host ids a container's ids are mapped to: a range of its own, so that no container's
processes can read another one's files even when handed a path. Pure but for `read_subids`.

OpenNebula's images keep their ids on disk (the mount is idmapped), so a container may get
another range at its next start; it keeps the recorded one for as long as it is defined.
"""

import os
from collections.abc import Iterable

from vmm.errors import DriverError
from vmm.lean.value import Value
from vmm.policy import NodePolicy

SIZE = 65_536
"""Ids per container: what a distribution's users, groups and nobody (65534) need."""
SUBID_FILES = ("etc/subuid", "etc/subgid")


class IdRange(Value):
    """Host ids from `start` on, for uids and gids alike."""

    start: int
    size: int = SIZE

    @property
    def end(self) -> int:
        """The first id after the range."""
        return self.start + self.size

    def overlaps(self, other: "IdRange") -> bool:
        """Whether the two have an id in common."""
        return self.start < other.end and other.start < self.end

    def covers(self, other: "IdRange") -> bool:
        """Whether all ids of the other are in this one."""
        return self.start <= other.start and other.end <= self.end


class SubidLine(Value):
    """One line of /etc/subuid or /etc/subgid."""

    user: str
    range: IdRange


def choose(vmid: int, taken: Iterable[IdRange], policy: NodePolicy) -> IdRange:
    """The VM's slot of the pool, or the next one that overlaps nothing taken."""
    busy = tuple(taken)
    for step in range(policy.id_pool_slots):
        slot = (vmid + step) % policy.id_pool_slots
        candidate = IdRange(policy.id_pool_start + slot * SIZE)
        if not any(candidate.overlaps(other) for other in busy):
            return candidate
    raise DriverError(
        f"one-{vmid}: all {policy.id_pool_slots} id ranges of this node's pool are taken",
        "enlarge driver.id_pool_slots, or run 'nebulxc doctor' to find orphans",
    )


def pool(policy: NodePolicy) -> IdRange:
    """All ids that containers of this node are mapped to."""
    return IdRange(policy.id_pool_start, policy.id_pool_slots * SIZE)


def parse_subids(text: str) -> tuple[SubidLine, ...]:
    """The lines of a subid file; one that newuidmap would not read either is left out."""
    lines = (line.split(":") for line in text.splitlines())
    return tuple(
        SubidLine(parts[0], IdRange(int(parts[1]), int(parts[2])))
        for parts in lines
        if len(parts) == 3 and all(p.isascii() and p.isdigit() for p in parts[1:])  # noqa: PLR2004 - user:start:count
    )


def read_subids(root: str | os.PathLike[str] = "/") -> tuple[SubidLine, ...]:
    """The lines of both files; a missing file has none."""
    found: list[SubidLine] = []
    for name in SUBID_FILES:
        path = os.path.join(root, name)
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                found.extend(parse_subids(file.read()))
    return tuple(found)


def foreign(lines: Iterable[SubidLine], policy: NodePolicy) -> tuple[IdRange, ...]:
    """What others were promised out of the pool. Root's line that grants the pool is ours."""
    ours = pool(policy)
    return tuple(
        line.range
        for line in lines
        if line.range.overlaps(ours) and not (_is_root(line) and line.range.covers(ours))
    )


def require_granted(chosen: IdRange, text: str, path: str, policy: NodePolicy) -> None:
    """DriverError unless a line of root's in the subid file `path` grants the range.

    Only where newuidmap is installed: LXC then uses it even as root, and it asks the file.
    """
    granted = [line.range for line in parse_subids(text) if _is_root(line)]
    if not any(line.covers(chosen) for line in granted):
        whole = pool(policy)
        raise DriverError(
            f"{path} does not grant root the ids {chosen.start}-{chosen.end - 1}",
            f"add the line root:{whole.start}:{whole.size} to it",
        )


def _is_root(line: SubidLine) -> bool:
    return line.user in {"root", "0"}
