"""The environment of an installation, kept for the next one."""

from dataclasses import dataclass
from pathlib import Path

from boxes.shell import sh


@dataclass(frozen=True, slots=True)
class Kept:
    """A copy of the environment that an installation made: to make it takes minutes, emulated."""

    made: Path
    copy: Path

    def keep(self) -> None:
        """Copy what was just made."""
        sh(f"rm -rf {self.copy} && cp -a {self.made} {self.copy}")

    def put_back(self) -> None:
        """Where one was kept and none is there; the installer itself judges what it is worth."""
        if self.copy.exists() and not self.made.exists():
            sh(f"cp -a {self.copy} {self.made}")

    def forget(self) -> None:
        """Remove the copy."""
        sh(f"rm -rf {self.copy}")
