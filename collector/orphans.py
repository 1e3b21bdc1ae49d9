"""Containers that run without their monitor: LXC calls them stopped, and can neither end nor
thaw them.

A monitor that dies takes its container along by PR_SET_PDEATHSIG, but not where
`lxc.monitor.signal.pdeath` is 0, nor where the container's init has changed its user, for that
clears the signal (prctl(2)).
"""

from __future__ import annotations

from collector.plain import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

_SOCKET = "/command"
"""How the abstract socket of each monitor ends: @LXCPATH/NAME/command."""
_ADOPTER = "1"
_DEAD = frozenset("ZX")


def orphaned(
    root: Path | str, names: Iterable[str], init_of: Callable[[str], int | None]
) -> set[str]:
    """Those of the running containers `names` that have lost their monitor.

    One that still listens is seen in one file for all. Where it is not (a long path is hashed), the
    init tells: `init_of` is asked for its number, and an orphan is process 1's.
    """
    listening = _listening(f"{root}/proc/net/unix")
    return {name for name in names if name not in listening and _is_adopted(root, init_of(name))}


def _listening(path: str) -> set[str]:
    found = set()
    for line in (text(path) or "").split("\n"):
        if line.endswith(_SOCKET):
            found.add(line[: -len(_SOCKET)].rpartition("/")[2])
    return found


def _is_adopted(root: Path | str, init: int | None) -> bool:
    stat = text(f"{root}/proc/{init}/stat") if init is not None and init > 1 else None
    if stat is None:
        return False
    state, parent = stat.rpartition(")")[2].split()[:2]
    return parent == _ADOPTER and state not in _DEAD
