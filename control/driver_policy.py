"""The driver's policy from the node's configuration, which only root may have written."""

import os
import stat
import sys
from pathlib import Path

from control import config as node_config
from control.driver_section import policy
from control.problem import Problem
from vmm.policy import NodePolicy

HOOK = f"{sys.prefix}/bin/nebulxc-hook"
"""The entry of our own environment: the hooks of a container are those of its action."""


def load(path: Path) -> NodePolicy:
    """The policy in `path`; the defaults where there is no such file."""
    _require_roots(path)
    return policy(node_config.load(path).driver, HOOK)


def _require_roots(path: Path) -> None:
    """Whoever can write the file decides which directories root works in."""
    for part in (path, path.parent):
        try:
            status = os.stat(part)
        except FileNotFoundError:
            continue
        if status.st_uid != 0 or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise Problem(
                f"{part} can be written by others than root; chown root {part}; chmod go-w {part}"
            )
