"""The step that makes the system user and group `nebulxc`."""

from dataclasses import dataclass

from control.accounts import group_exists, user_exists
from vmm.host import Host


@dataclass(frozen=True, slots=True)
class SystemUser:
    """A user that owns nothing and can log in nowhere, with a group of its name."""

    name: str
    host: Host

    def missing(self) -> str:
        """Creation of user, group or both."""
        if user_exists(self.name) and group_exists(self.name):
            return ""
        return f"create the system user {self.name}"

    def apply(self) -> None:
        """Create what there is not."""
        if not group_exists(self.name):
            self.host.run("groupadd", "--system", self.name)
        if not user_exists(self.name):
            nowhere = ("--no-create-home", "--home-dir", "/nonexistent")
            shell = ("--shell", "/usr/sbin/nologin")
            self.host.run("useradd", "--system", "--gid", self.name, *nowhere, *shell, self.name)

    def leftover(self) -> str:
        """Nothing: what the store's files belong to stays, or another user would get its number."""
        return ""

    def remove(self) -> None:
        """Nothing, see `leftover`."""
