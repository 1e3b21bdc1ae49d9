"""The driver's policy as the configuration last gave it, so that an action need not parse.

To parse and check the file takes longer than all else in an action's start. What is kept here
holds for that very file, read by that very code, and for nothing else; with each boot it is gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from enum import StrEnum

from vmm.lean import brief_json
from vmm.lean.value import asdict
from vmm.policy import NodePolicy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CACHE = "/run/nebulxc/driver.json"
READERS = (
    "control/settings/config.py",
    "control/settings/driver_section.py",
    "control/settings/units.py",
    "vmm/policy.py",
)
"""What decides, beside the file, which policy comes of it."""
SETTLED_NS = 2_000_000_000
"""A file as young as that may yet change without its times telling: they are coarse."""

Stamp = tuple[str, str, list[list[int]]]
"""The hook, the file's path, and what identifies the file and then each of READERS."""


def stamp(config: str, hook: str) -> Stamp:
    """What tells this state of the file, and of the code that reads it, from any other."""
    packages = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    paths = (config, *(f"{packages}/{name}" for name in READERS))
    return hook, config, [_identity(os.stat(path)) for path in paths]


def _identity(status: os.stat_result) -> list[int]:
    return [
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    ]


def kept(made_from: Stamp) -> NodePolicy | None:
    """The policy that was kept for this stamp; None when there is none."""
    try:
        fd = os.open(CACHE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            found = brief_json.loads(file.read().decode()) if _is_roots(os.fstat(fd)) else {}
            return _policy(found["policy"]) if found["stamp"] == list(made_from) else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None  # missing, being written, torn by a power cut, or of another version


def keep(made_from: Stamp, policy: NodePolicy) -> None:
    """Keep the policy that came of this stamp, unless the file changed just now."""
    _, _, [(*_, modified_ns, changed_ns), *_] = made_from
    if time.time_ns() - max(modified_ns, changed_ns) < SETTLED_NS:
        return
    text = brief_json.dumps({"stamp": made_from, "policy": asdict(policy)})
    with contextlib.suppress(OSError):  # the next action parses, as this one did
        os.makedirs(os.path.dirname(CACHE), 0o755, exist_ok=True)
        fd = os.open(CACHE, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(fd, "wb") as file:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.truncate(0)
            file.write(text.encode())


def _is_roots(status: os.stat_result) -> bool:
    return status.st_uid == 0 and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _policy(values: dict[str, Any]) -> NodePolicy:
    """From JSON, which knows neither our enumerations nor tuples; TypeError for other keys."""
    defaults = asdict(NodePolicy())
    if values.keys() != defaults.keys():
        raise TypeError("a policy of other keys")
    return NodePolicy(**{key: _like(defaults[key], value) for key, value in values.items()})


def _like(default: object, value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(default, StrEnum):
        return type(default)(value)
    return tuple(value) if isinstance(value, list) else value
