"""The step that grants root the host ids of containers in /etc/subuid or /etc/subgid."""

import os
from dataclasses import dataclass
from pathlib import Path

from vmm import idrange
from vmm.policy import NodePolicy

FILES = (Path("/etc/subuid"), Path("/etc/subgid"))


@dataclass(frozen=True, slots=True)
class Subids:
    """The line of the node's pool in `path`. Every other line is left as it is.

    Ids of the pool that another line grants to others are never given to a container.
    """

    path: Path
    policy: NodePolicy

    @property
    def line(self) -> str:
        """The line as newuidmap reads it."""
        pool = idrange.pool(self.policy)
        return f"root:{pool.start}:{pool.size}"

    def missing(self) -> str:
        """The line, unless root has all of the pool already."""
        pool = idrange.pool(self.policy)
        lines = idrange.parse_subids(self._text())
        if any(one.user in ("root", "0") and one.range.covers(pool) for one in lines):
            return ""
        return f"add {self.line} to {self.path}"

    def apply(self) -> None:
        """Add it as the last line."""
        text = self._text()
        self._write(text + ("\n" if text and not text.endswith("\n") else "") + self.line + "\n")

    def leftover(self) -> str:
        """The line itself."""
        there = self.line in self._text().splitlines()
        return f"take {self.line} out of {self.path}" if there else ""

    def remove(self) -> None:
        """Take it out; another line that covers the pool stays."""
        kept = [
            line for line in self._text().splitlines(keepends=True) if line.strip() != self.line
        ]
        self._write("".join(kept))

    def _text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            return ""

    def _write(self, text: str) -> None:
        """Whole or not at all, with the file's own mode."""
        mode = self.path.stat().st_mode & 0o7777 if self.path.exists() else 0o644
        fresh = self.path.with_name(f"{self.path.name}.nebulxc-new")
        try:
            fresh.write_text(text, encoding="utf-8", errors="surrogateescape")
            fresh.chmod(mode)
            os.replace(fresh, self.path)
        finally:
            fresh.unlink(missing_ok=True)
