"""The driver's policy from the node's configuration, which only root may have written."""

import os
import stat
import sys
from pathlib import Path

from control.problem import Problem
from vmm.policy import NodePolicy

CONFIG_PATH = Path("/etc/nebulxc/nebulxc.toml")
"""As in `control.config`, whose import takes as long as the rest of an action's."""
HOOK = f"{os.path.dirname(sys.executable)}/nebulxc-hook"
"""The entry of our own environment: the hooks of a container are those of its action."""


def load(path: Path) -> NodePolicy:
    """The policy in `path`; the defaults where there is no such file."""
    if not path.exists():
        return NodePolicy(hook=HOOK)
    for part in (path, path.parent):
        _require_roots(part)
    from control import config
    from control.driver_section import policy

    return policy(config.load(path).driver, HOOK)


def _require_roots(path: Path) -> None:
    """Whoever can write the file or its directory decides which directories root works in."""
    status = os.stat(path)
    if status.st_uid != 0 or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Problem(
            f"{path} can be written by others than root; chown root {path}; chmod go-w {path}"
        )
