"""The step that makes /opt/nebulxc: an environment of root's, with a copy of the project."""

import ctypes
import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from control import entries
from control.problem import Problem
from vmm.host import Host

PYTHON = "/usr/bin/python3"
"""Never the one on PATH: one under a private home cannot be run by the page's user."""

PACKAGES = ("collector", "control", "im_probes", "vmm", "web")
_STAMP = ".made-from"
_TIMEOUT_S = 1800.0


@dataclass(frozen=True, slots=True)
class Environment:
    """`path` made from the checkout `source`; `extras` are the project's optional parts.

    Python packages come from the directory `wheels` alone, or from wherever pip gets them.
    """

    path: Path
    source: Path
    host: Host
    extras: tuple[str, ...] = ()
    wheels: Path | None = None

    def missing(self) -> str:
        """Creation, or renewal when the sources changed."""
        made_from = self._made_from()
        if made_from == self._stamp():
            return ""
        return f"{'renew' if made_from else 'create'} the environment {self.path}"

    def apply(self) -> None:
        """Make it beside its place, then put it there: what runs from it goes on."""
        if not (self.source / "pyproject.toml").exists():
            raise Problem(
                f"{self.source} is no checkout: run .venv/bin/nebulxc of the version to install"
            )
        fresh = self.path.with_name(f"{self.path.name}.new")
        try:
            shutil.rmtree(fresh, ignore_errors=True)
            self._make(fresh)
            _put(fresh, self.path)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)  # what it replaced, or what came of a failure

    def _make(self, fresh: Path) -> None:
        self.host.run(PYTHON, "-m", "venv", str(fresh), timeout=_TIMEOUT_S)
        wanted = f"{self.source}[{','.join(self.extras)}]" if self.extras else str(self.source)
        pip = (str(fresh / "bin/python3"), "-I", "-m", "pip", "--disable-pip-version-check")
        # Also what builds the project itself: pip hands these on to the environment it builds in.
        local = () if self.wheels is None else ("--no-index", "--find-links", str(self.wheels))
        self.host.run(*pip, "install", "--quiet", *local, wanted, timeout=_TIMEOUT_S)
        entries.write(fresh / "bin", self.path / "bin")
        (fresh / _STAMP).write_text(self._stamp(), encoding="ascii")

    def leftover(self) -> str:
        """Removal."""
        return f"remove the environment {self.path}" if self.path.exists() else ""

    def remove(self) -> None:
        """Remove it whole."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _made_from(self) -> str:
        try:
            return (self.path / _STAMP).read_text(encoding="ascii")
        except OSError:
            return ""

    def _stamp(self) -> str:
        digest = hashlib.sha256(" ".join(self.extras).encode())
        for file in sorted(self._files()):
            digest.update(str(file.relative_to(self.source)).encode())
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def _files(self) -> Iterator[Path]:
        yield from self.source.glob("pyproject.toml")
        for package in PACKAGES:
            for file in (self.source / package).rglob("*"):
                if file.is_file() and file.suffix != ".pyc":
                    yield file


_EXCHANGE, _AT_FDCWD = 2, -100


def _put(fresh: Path, path: Path) -> None:
    """Have the two change places in one step: hooks of containers run from there at any time."""
    if not path.exists():
        fresh.rename(path)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    paths = (_AT_FDCWD, os.fsencode(fresh), _AT_FDCWD, os.fsencode(path))
    if libc.renameat2(*paths, _EXCHANGE):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(path))
