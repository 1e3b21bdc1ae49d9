"""LXC's own control of a running container, through python-lxc in a child of its own.

liblxc waits for the monitor's answer without a limit and holds the interpreter's lock: a child
can be given up. Its calls say True or False, never why.
"""

from __future__ import annotations

import sys

from vmm.errors import DriverError
from vmm.mounting import inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SECONDS = 10.0
FREEZE_SECONDS = 60.0
"""Each of its processes stops when it next leaves the kernel: disks may be slow."""
DEBIAN = "/usr/lib/python3/dist-packages"


def shut_down(name: str, lxcpath: str) -> None:
    """Ask the container's init to power off; returns at once."""
    _call(name, lxcpath, "shut down", lambda container: container.shutdown(0))


def reboot(name: str, lxcpath: str) -> None:
    """Ask the container's init to reboot; returns at once."""
    _call(name, lxcpath, "reboot", lambda container: container.reboot())


def freeze(name: str, lxcpath: str) -> None:
    """Freeze every process of the container; it may be half frozen when this fails."""
    _call(name, lxcpath, "freeze", lambda container: container.freeze(), FREEZE_SECONDS)


def unfreeze(name: str, lxcpath: str) -> None:
    """Let a frozen container go on."""
    _call(name, lxcpath, "unfreeze", lambda container: container.unfreeze())


def state(name: str, lxcpath: str) -> str:
    """LXC's word: RUNNING, FROZEN, STOPPED, STARTING, STOPPING, ABORTING or FREEZING."""
    return inside.ask_child(
        lambda: str(_container(name, lxcpath).state), SECONDS, f"asking LXC for the state of {name}"
    )


def _container(name: str, lxcpath: str) -> Any:  # noqa: ANN401 - python-lxc has no types
    return _python_lxc().Container(name, lxcpath)


def _python_lxc() -> Any:  # noqa: ANN401 - python-lxc has no types
    """The environment's own, else Debian's, which is not in an environment's path.

    Called in a child that ends: the longer path is its alone.
    """
    try:
        import lxc
    except ModuleNotFoundError:
        sys.path.append(DEBIAN)
        try:
            import lxc
        except ModuleNotFoundError as error:
            raise DriverError("python-lxc is not installed", "apt-get install python3-lxc") from (
                error
            )
    return lxc


def _call(
    name: str,
    lxcpath: str,
    what: str,
    call: Callable[[Any], bool],
    seconds: float = SECONDS,
) -> None:
    def work() -> str:
        if not call(_container(name, lxcpath)):
            raise DriverError(f"LXC could not {what} {name}", "see its log")
        return ""

    inside.ask_child(work, seconds, f"asking LXC to {what} {name}")
