"""The step that makes the system user and group `nebulxc`."""

import grp
import pwd
from dataclasses import dataclass

from vmm.host import Host


@dataclass(frozen=True, slots=True)
class SystemUser:
    """A user that owns nothing and can log in nowhere, with a group of its name."""

    name: str
    host: Host

    def missing(self) -> str:
        """Creation of user, group or both."""
        return "" if self._user() and self._group() else f"create the system user {self.name}"

    def apply(self) -> None:
        """Create what there is not."""
        if not self._group():
            self.host.run("groupadd", "--system", self.name)
        if not self._user():
            nowhere = ("--no-create-home", "--home-dir", "/nonexistent")
            shell = ("--shell", "/usr/sbin/nologin")
            self.host.run("useradd", "--system", "--gid", self.name, *nowhere, *shell, self.name)

    def leftover(self) -> str:
        """Nothing: what the store's files belong to stays, or another user would get its number."""
        return ""

    def remove(self) -> None:
        """Nothing, see `leftover`."""

    def _user(self) -> bool:
        try:
            pwd.getpwnam(self.name)
        except KeyError:
            return False
        return True

    def _group(self) -> bool:
        try:
            grp.getgrnam(self.name)
        except KeyError:
            return False
        return True
