"""Whether the page's user may run this environment, and what runs the page in it.

The page's process must not execute what somebody other than root can change, nor need a way into
a private home: so every directory up to its interpreter and to this package has to be root's.
"""

import os
import stat
from pathlib import Path

import control

MODULE = "control.services.page"


def argv(python: Path) -> list[str]:
    """The page's command line; it reads the configuration from its standard input."""
    return [str(python), "-I", "-m", MODULE, "--config", "-"]


def objection(python: Path, package: Path | None = None) -> str | None:
    """Why the page's user must not run `python`; None when it may.

    `package` is where our code is: this process's, when the page shares its interpreter.
    """
    found = [python, python.resolve()]
    if package is not None:
        found.append(package.resolve())
    for path in found:
        for place in (path, *path.parents):
            if (why := _unsafe(place)) is not None:
                return (
                    f"the page does not run: {place} {why}, so its user must not run {path};"
                    " use scripts/run or `nebulxc install node`, or set page.enabled = false"
                )
    return None


def own_package() -> Path:
    """The directory of this package."""
    return Path(control.__file__).parent


def _unsafe(place: Path) -> str | None:
    try:
        status = os.stat(place)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if status.st_uid != 0:
        return "is not root's"
    if stat.S_IMODE(status.st_mode) & 0o022 and not status.st_mode & stat.S_ISVTX:
        return "can be changed by others than root"
    if not status.st_mode & 0o001:
        return "is closed to others"
    return None
