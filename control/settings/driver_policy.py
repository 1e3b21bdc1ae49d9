"""The driver's policy from the node's configuration, which only root may have written."""

import os
import stat
import sys

from control.problem import Problem
from control.settings import policy_cache
from vmm.policy import NodePolicy

CONFIG_PATH = "/etc/nebulxc/nebulxc.toml"
"""As in `control.settings.config`, whose import takes as long as the rest of an action's."""
HOOK = f"{os.path.dirname(sys.executable)}/nebulxc-hook"
"""The entry of our own environment: the hooks of a container are those of its action."""


def load(config: str | os.PathLike[str], *, keep: bool = True) -> NodePolicy:
    """The policy in the file `config`; the defaults where there is no such file.

    With `keep` it is left in /run for the next action.
    """
    path = os.path.abspath(config)  # its directory is looked at too
    if not os.path.exists(path):
        return NodePolicy(hook=HOOK)
    for part in (path, os.path.dirname(path)):
        _require_roots(part)
    made_from = policy_cache.stamp(path, HOOK)
    return policy_cache.kept(made_from) or _parsed(path, made_from, keep)


def _parsed(path: str, made_from: policy_cache.Stamp, keep: bool) -> NodePolicy:
    from pathlib import Path

    from control.settings import config
    from control.settings.driver_section import policy

    found = policy(config.load(Path(path)).driver, HOOK)
    if keep:
        policy_cache.keep(made_from, found)
    return found


def _require_roots(path: str) -> None:
    """Whoever can write the file or its directory decides which directories root works in."""
    status = os.stat(path)
    if status.st_uid != 0 or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Problem(
            f"{path} can be written by others than root; chown root {path}; chmod go-w {path}"
        )
