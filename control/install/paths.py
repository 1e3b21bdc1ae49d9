"""Steps for what lies in the file system: directories, texts and links."""

import contextlib
import difflib
import grp
import os
import shutil
from dataclasses import dataclass
from pathlib import Path


def _owned(path: Path, mode: int, group: str | None) -> str:
    """How mode or owner of `path` differ from what they should be; "" when they do not."""
    status = path.stat()
    wrong = []
    if status.st_mode & 0o7777 != mode:
        wrong.append(f"mode {status.st_mode & 0o7777:04o} becomes {mode:04o}")
    if status.st_uid != 0:
        wrong.append("owner becomes root")
    if group is not None and _group_name(status.st_gid) != group:
        wrong.append(f"group becomes {group}")
    return ", ".join(wrong)


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _own(path: Path, mode: int, group: str | None) -> None:
    os.chown(path, 0, 0 if group is None else grp.getgrnam(group).gr_gid)
    path.chmod(mode)  # after chown, which clears the set-group-id bit


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory. With `data` it stays when Nebulxc goes."""

    path: Path
    mode: int
    group: str | None = None
    data: bool = False

    def missing(self) -> str:
        """Creation, or what is wrong with mode and owner."""
        if not self.path.is_dir():
            return f"create {self.path}/ ({self.mode:04o}, root:{self.group or 'root'})"
        wrong = _owned(self.path, self.mode, self.group)
        return f"change {self.path}/: {wrong}" if wrong else ""

    def apply(self) -> None:
        """Create it, or put mode and owner right."""
        self.path.mkdir(parents=True, exist_ok=True)
        _own(self.path, self.mode, self.group)

    def leftover(self) -> str:
        """Removal, where nothing is left in it."""
        if self.data or not self.path.is_dir() or any(self.path.iterdir()):
            return ""
        return f"remove {self.path}/"

    def remove(self) -> None:
        """Remove it while it is empty."""
        with contextlib.suppress(OSError):
            self.path.rmdir()


@dataclass(frozen=True, slots=True)
class Runtime:
    """A directory that what runs makes anew after each boot: not installed, but removed."""

    path: Path

    def missing(self) -> str:
        """Nothing."""
        return ""

    def apply(self) -> None:
        """Nothing, see `missing`."""

    def leftover(self) -> str:
        """Removal, with all that is in it."""
        return f"remove {self.path}/" if self.path.is_dir() else ""

    def remove(self) -> None:
        """Remove it whole."""
        shutil.rmtree(self.path, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file with this content. With `kept` it is the administrator's as soon as it exists."""

    path: Path
    content: str
    mode: int = 0o644
    group: str | None = None
    kept: bool = False

    def _now(self) -> str | None:
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def missing(self) -> str:
        """Creation, or the differences."""
        now = self._now()
        if now is None:
            return f"create {self.path} ({self.mode:04o}, root:{self.group or 'root'})"
        if now != self.content and not self.kept:
            return f"change {self.path}\n{_difference(self.path, now, self.content)}"
        wrong = _owned(self.path, self.mode, self.group)
        return f"change {self.path}: {wrong}" if wrong else ""

    def apply(self) -> None:
        """Write it whole or not at all; a kept one only gets its mode and owner."""
        if self._now() is None or not self.kept:
            fresh = self.path.with_name(f".{self.path.name}.new")
            fresh.write_text(self.content, encoding="utf-8")
            _own(fresh, self.mode, self.group)
            fresh.replace(self.path)
        _own(self.path, self.mode, self.group)

    def leftover(self) -> str:
        """Removal, unless an administrator changed it."""
        now = self._now()
        if now is None or (self.kept and now != self.content):
            return ""
        return f"remove {self.path}"

    def remove(self) -> None:
        """Remove it, unless an administrator changed it."""
        if self.leftover():
            self.path.unlink()


def _difference(path: Path, now: str, wanted: str) -> str:
    lines = difflib.unified_diff(
        now.splitlines(), wanted.splitlines(), str(path), "as installed", lineterm=""
    )
    return "\n".join(f"    {line}" for line in lines)


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link."""

    path: Path
    target: Path

    def _right(self) -> bool:
        return self.path.is_symlink() and self.path.readlink() == self.target

    def missing(self) -> str:
        """Creation; another program's file of that name is left alone."""
        if self._right() or (self.path.exists() and not self.path.is_symlink()):
            return ""
        return f"link {self.path} to {self.target}"

    def apply(self) -> None:
        """Make it."""
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(self.target)

    def leftover(self) -> str:
        """Removal, where it is ours."""
        return f"remove {self.path}" if self._right() else ""

    def remove(self) -> None:
        """Remove it, where it is ours."""
        if self._right():
            self.path.unlink()
