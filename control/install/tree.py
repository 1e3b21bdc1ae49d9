"""The step that copies a tree of files to where another user's programs look for it."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_EXECUTABLE, _PLAIN = 0o755, 0o644


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of `source` at the same places below `target`; all belong to the owner of `top`.

    With `kept` a file is the administrator's as soon as it exists. Other files in `target` are
    left alone.
    """

    source: Path
    target: Path
    top: Path
    kept: bool = False

    def missing(self) -> str:
        """Which files are to be copied."""
        wrong = [str(name) for name in self._names() if not self._right(name)]
        return f"copy to {self.target}/: {' '.join(wrong)}" if wrong else ""

    def apply(self) -> None:
        """Copy them, each whole or not at all."""
        for name in self._names():
            if not self._right(name):
                self._directories(name.parent)
                self._copy(name)

    def leftover(self) -> str:
        """Removal of what is ours."""
        there = [str(name) for name in self._removable()]
        return f"remove from {self.target}/: {' '.join(there)}" if there else ""

    def remove(self) -> None:
        """Remove our files and the directories that are then empty."""
        for name in self._removable():
            (self.target / name).unlink()
        for directory in sorted({*self._parents()}, key=lambda path: -len(path.parts)):
            with contextlib.suppress(OSError):
                directory.rmdir()

    def _names(self) -> list[Path]:
        files = (path for path in self.source.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.source) for path in files)

    def _removable(self) -> list[Path]:
        """A kept file that an administrator changed stays."""
        there = (name for name in self._names() if (self.target / name).is_file())
        return [name for name in there if not self.kept or self._same(name)]

    def _parents(self) -> Iterator[Path]:
        for name in self._names():
            for parent in (self.target / name).parents:
                if parent == self.top:
                    break
                yield parent

    def _same(self, name: Path) -> bool:
        try:
            return (self.target / name).read_bytes() == (self.source / name).read_bytes()
        except OSError:
            return False

    def _right(self, name: Path) -> bool:
        if self.kept and (self.target / name).exists():
            return True
        return self._same(name) and (self.target / name).stat().st_mode & 0o777 == self._mode(name)

    def _mode(self, name: Path) -> int:
        return _EXECUTABLE if os.access(self.source / name, os.X_OK) else _PLAIN

    def _directories(self, name: Path) -> None:
        for directory in reversed([self.target / name, *(self.target / name).parents]):
            if not directory.is_dir():
                directory.mkdir()
                self._give(directory, _EXECUTABLE)

    def _copy(self, name: Path) -> None:
        fresh = (self.target / name).with_name(f".{name.name}.new")
        try:
            fresh.write_bytes((self.source / name).read_bytes())
            self._give(fresh, self._mode(name))
            fresh.replace(self.target / name)
        finally:
            fresh.unlink(missing_ok=True)

    def _give(self, path: Path, mode: int) -> None:
        path.chmod(mode)
        if os.geteuid() == 0:
            owner = self.top.stat()
            os.chown(path, owner.st_uid, owner.st_gid)
