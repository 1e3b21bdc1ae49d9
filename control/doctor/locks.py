"""Lock files that nobody holds, of containers that are gone."""

import contextlib
import os
import re
from collections.abc import Iterator

from control.doctor.finding import Finding
from control.doctor.sight import Sight
from vmm import lock

_LOCK = re.compile(r"\.(one-\d+)\.lock")


def check(sight: Sight) -> Iterator[Finding]:
    """The kernel gives a lock back when its holder dies, but the file stays."""
    with contextlib.suppress(FileNotFoundError):
        for file in sorted(os.listdir(sight.policy.state)):
            match, path = _LOCK.fullmatch(file), f"{sight.policy.state}/{file}"
            if match and not lock.is_held(path):
                what = "a lock file is left that nobody holds"
                yield Finding(match[1], what, path, "remove it", _remove)


def _remove() -> None:
    """Every repair holds this very lock, and whoever gives it back removes the file."""
