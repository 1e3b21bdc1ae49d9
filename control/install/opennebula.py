"""Steps for OpenNebula's user on a node, where there is one: its group, and its way to root."""

import grp
import os
from dataclasses import dataclass
from pathlib import Path

from control.accounts import user_exists
from control.problem import Problem
from vmm.errors import CommandError
from vmm.host import Host

USER = "oneadmin"
"""Made by opennebula-node-lxc."""

SUDOERS_MODE = 0o440


@dataclass(frozen=True, slots=True)
class Member:
    """`user` in `group`: the probes may read the store and the configuration."""

    user: str
    group: str
    host: Host

    def missing(self) -> str:
        """Joining."""
        if not user_exists(self.user) or self._is_member():
            return ""
        return f"add {self.user} to the group {self.group}"

    def apply(self) -> None:
        """Join; sessions that are open already do not notice."""
        self.host.run("gpasswd", "--add", self.user, self.group)

    def leftover(self) -> str:
        """Leaving."""
        if not user_exists(self.user) or not self._is_member():
            return ""
        return f"take {self.user} out of the group {self.group}"

    def remove(self) -> None:
        """Leave."""
        self.host.run("gpasswd", "--delete", self.user, self.group)

    def _is_member(self) -> bool:
        try:
            return self.user in grp.getgrnam(self.group).gr_mem
        except KeyError:
            return False


@dataclass(frozen=True, slots=True)
class Sudoers:
    """`content` in sudo's directory, put there only when visudo finds no fault in it."""

    path: Path
    content: str
    host: Host
    user: str = USER

    def missing(self) -> str:
        """Creation or replacement: it is no place for local changes."""
        if not user_exists(self.user):
            return ""
        try:
            status = self.path.stat()
            right = self.path.read_text(encoding="utf-8") == self.content
        except FileNotFoundError:
            return f"create {self.path} (0440): {self.user} may run nebulxc-action"
        owned = (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (0, 0, SUDOERS_MODE)
        return "" if right and owned else f"put back {self.path} (0440)"

    def apply(self) -> None:
        """A fault in one file makes sudo refuse everything: so it is checked beside its place."""
        fresh = self.path.with_name(f".{self.path.name}.new")  # sudo reads no name with a dot
        fresh.unlink(missing_ok=True)
        try:
            fresh.touch(0o600)
            os.chown(fresh, 0, 0)
            fresh.write_text(self.content, encoding="utf-8")
            fresh.chmod(SUDOERS_MODE)
            self._check(fresh)
            fresh.replace(self.path)
        finally:
            fresh.unlink(missing_ok=True)

    def leftover(self) -> str:
        """Removal."""
        return f"remove {self.path}" if self.path.exists() else ""

    def remove(self) -> None:
        """Remove it."""
        self.path.unlink(missing_ok=True)

    def _check(self, fresh: Path) -> None:
        try:
            self.host.run("visudo", "--check", "--file", str(fresh))
        except CommandError as error:
            raise Problem(f"sudo would not read {self.path}: {error.stderr.strip()}") from error
