"""The step that registers us in a configuration file of OpenNebula's."""

import os
from dataclasses import dataclass
from pathlib import Path

from control.install import registration
from control.problem import Problem

_AS_IT_IS = "surrogateescape"
"""An administrator's comment may be in any encoding."""


@dataclass(frozen=True, slots=True)
class Registered:
    """`block` in `path`. What it replaces is commented out, and put back at removal.

    The file as it was is kept beside it. A block of ours that an administrator changed is theirs.
    """

    path: Path
    block: str

    @property
    def backup(self) -> Path:
        """Where the file is kept as it was."""
        return self.path.with_name(f"{self.path.name}.before-nebulxc")

    def missing(self) -> str:
        """Putting the block in."""
        text = self._text()
        if registration.has(text):
            return ""
        if registration.names_us(text):
            raise Problem(f"{self.path} already names nebulxc, not by our doing: take that out")
        return f"change {self.path} (kept as {self.backup.name}):\n{self._shown()}"

    def apply(self) -> None:
        """Keep the file, and put the block in."""
        text = self._text()
        self._write(self.backup, text)
        self._write(self.path, registration.put_in(text, self.block))

    def leftover(self) -> str:
        """Taking the block out."""
        if not self.path.exists():
            return ""
        text = self._text()
        if registration.names_us(text):
            raise Problem(
                f"{self.path} names nebulxc, not by our doing: take that out, restart OpenNebula, "
                "and run this again"
            )
        return f"take our block out of {self.path}" if registration.has(text) else ""

    def remove(self) -> None:
        """Take it out; the kept file goes with it."""
        self._write(self.path, registration.take_out(self._text()))
        self.backup.unlink(missing_ok=True)

    def _text(self) -> str:
        try:
            text = self.path.read_text(encoding="utf-8", errors=_AS_IT_IS)
        except FileNotFoundError:
            raise Problem(
                f"there is no {self.path}: is this OpenNebula's front-end? --etc names another "
                "directory"
            ) from None
        if not registration.is_whole(text):
            raise Problem(
                f"{self.path}: our block begins or ends nowhere: put back the line "
                f"{registration.BEGIN!r} before it and {registration.END!r} after it"
            )
        return text

    def _shown(self) -> str:
        return "\n".join(f"    {line}" for line in self.block.splitlines())

    def _write(self, path: Path, text: str) -> None:
        """Whole or not at all, with owner and mode of the file that it is about."""
        like = self.path.stat()
        fresh = path.with_name(f".{path.name}.new")
        try:
            fresh.touch(0o600)
            fresh.write_text(text, encoding="utf-8", errors=_AS_IT_IS)
            if os.geteuid() == 0:
                os.chown(fresh, like.st_uid, like.st_gid)
            fresh.chmod(like.st_mode & 0o7777)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
