"""The directory of one container: everything that is needed to bring it back.

`STATE/one-N/` is not below /var/tmp/one, which OpenNebula's rsync wipes. Imported by hooks:
keep it lean.
"""

from __future__ import annotations

import os

from vmm.errors import DriverError, NotFound
from vmm.lean import brief_json
from vmm.lean.ignoring import Ignoring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PLAN, ATTEMPT, MONITOR, DISKS, ERROR, SPEC = (
    "plan.json",
    "attempt.json",
    "monitor.json",
    "disks.json",
    "error.json",
    "spec.json",
)
RECORDS = (PLAN, ATTEMPT, MONITOR, DISKS, ERROR, SPEC)
CONFIG, ROOTFS = "config", "rootfs"

DIRECTORY_MODE = 0o711
"""LXC refuses an unprivileged rootfs below a directory that the container's ids cannot pass."""


class State:
    """The files of one container in `directory`, whose last component is its name."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.base, self.name = os.path.split(directory)
        self.rootfs = self.path(ROOTFS)

    def path(self, name: str) -> str:
        """Where the file `name` is."""
        return f"{self.directory}/{name}"

    @property
    def lock(self) -> str:
        """The lock that an action on this container holds for as long as it lives."""
        return f"{self.base}/.{self.name}.lock"

    @property
    def nics_lock(self) -> str:
        """The lock under which NICs are made and removed, by an action or by a hook of a reboot."""
        return self.path("nics.lock")

    @property
    def attach_lock(self) -> str:
        """The lock of the node under which an image is looked for and attached."""
        return f"{self.base}/.attach.lock"

    @property
    def exists(self) -> bool:
        """Whether the container is defined."""
        return os.path.isfile(self.path(PLAN))

    @property
    def present(self) -> bool:
        """Whether anything of the container is left, be it half written."""
        return os.path.isdir(self.directory)

    def create(self) -> None:
        """Make the directory and the mount point of the root in it."""
        for directory in (self.directory, self.rootfs):
            os.mkdir(directory)
            os.chmod(directory, DIRECTORY_MODE)

    def remove(self) -> None:
        """Remove the directory. What is mounted on its rootfs in this namespace must be gone."""
        with Ignoring(FileNotFoundError):
            os.rmdir(self.rootfs)  # never its content: a mounted image would be emptied
        with Ignoring(FileNotFoundError):
            for name in os.listdir(self.directory):
                os.unlink(self.path(name))
            os.rmdir(self.directory)

    def write(self, name: str, value: object) -> None:
        """Replace the JSON file `name` in one step."""
        self.write_text(name, brief_json.dumps(value))

    def write_text(self, name: str, text: str, mode: int = 0o600, group: int = -1) -> None:
        """Replace the file `name` in one step: whoever may read it finds it readable at once."""
        new = self.path(f".{name}.new")
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        with open(fd, "w", encoding="utf-8") as file:
            if group >= 0:
                os.fchown(fd, -1, group)
            file.write(text)
        os.rename(new, self.path(name))

    def read(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """The value in the JSON file `name`, None when there is none."""
        try:
            with open(self.path(name), encoding="utf-8") as file:
                return brief_json.loads(file.read())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError as error:
            raise DriverError(
                f"{self.path(name)} is damaged: {error}", "deploy the VM again"
            ) from error

    def readable(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """As `read`, but None also for a file that a power cut tore."""
        try:
            return self.read(name)
        except DriverError:
            return None

    def discard_torn(self) -> None:
        """Remove the records that cannot be read: they would be in the way of every end."""
        for name in RECORDS:
            if self.readable(name) is None:
                self.discard(name)

    def require(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """As `read`, but the file must be there."""
        value = self.read(name)
        if value is None:
            raise NotFound(f"{self.name} is not defined here: there is no {self.path(name)}")
        return value

    def discard(self, name: str) -> None:
        """Remove the file `name` if it is there."""
        with Ignoring(FileNotFoundError):
            os.unlink(self.path(name))

    def sync(self) -> None:
        """Have the disk take what was written, so that a power cut does not lose it."""
        for name in sorted(os.listdir(self.directory)):
            # A hook that runs meanwhile replaces files.
            if name != ROOTFS:
                with Ignoring(FileNotFoundError):
                    _sync(self.path(name))
        _sync(self.directory)
        _sync(self.base)

    def sync_file(self, name: str) -> None:
        """As `sync`, of one file."""
        _sync(self.path(name))
        _sync(self.directory)


def _sync(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
