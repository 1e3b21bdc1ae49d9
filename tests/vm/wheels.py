"""The project's Python dependencies for the guest's Python, as a tree ready to be copied."""

import subprocess
import sys
import tomllib
from pathlib import Path

from vm import cache
from vm.bootstrap import listed
from vm.process import run
from vm.settings import CACHE, CHECKOUT, Release

# Newest first; the guest's C library (2.36 and later) can use all of them.
PLATFORMS = ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux2014_x86_64")


def wanted() -> list[str]:
    """The project's own requirements, those of its build, and those of its suite."""
    with (CHECKOUT / "pyproject.toml").open("rb") as file:
        described = tomllib.load(file)
    project: list[str] = described["project"]["dependencies"]
    build: list[str] = described["build-system"]["requires"]
    return sorted([*project, *build, *listed("requirements.txt")])


def tree(release: Release) -> Path:
    """A site-packages directory for the release's Python; wheels only, nothing is compiled.

    python-lxc has no wheel: the guest uses Debian's python3-lxc.
    """
    name = f"site-{release.codename}-{cache.key(release.python, *wanted())}"

    def make(path: Path) -> None:
        source = ("--no-index", f"--find-links={directory(release)}")
        run(
            str(_pip()),
            "install",
            "-q",
            "--no-compile",
            *_theirs(release),
            *source,
            f"--target={path}",
            *wanted(),
        )

    return cache.made(name, make)


def directory(release: Release) -> Path:
    """The dependencies as wheels for the release's Python: what an installation there needs."""
    name = f"wheels-{release.codename}-{cache.key(release.python, *wanted())}"

    def make(path: Path) -> None:
        source = f"--find-links={house()}"
        run(str(_pip()), "download", "-q", *_theirs(release), source, f"--dest={path}", *wanted())

    return cache.made(name, make)


def _theirs(release: Release) -> tuple[str, ...]:
    platforms = (f"--platform={name}" for name in PLATFORMS)
    python = ("--implementation=cp", f"--python-version={release.python}")
    return ("--only-binary=:all:", *python, *platforms)


def house() -> Path:
    """The dependencies as wheels of this machine's Python.

    Some packages come as pure Python sources only: their wheels, made here, fit every release.
    """
    name = f"house-{cache.key(sys.version, *wanted())}"

    def make(path: Path) -> None:
        run(str(_pip()), "wheel", "-q", f"--wheel-dir={path}", *wanted())

    return cache.made(name, make)


def _pip() -> Path:
    """A pip of our own: the system's Python may have none, and the checkout's may be uv's.

    Made in place, not renamed: its scripts name their interpreter by path.
    """
    home = CACHE / f"pip-{sys.version_info.major}.{sys.version_info.minor}"
    pip = home / "bin/pip"
    with cache.locked(CACHE / f"{home.name}.lock"):
        if (
            not pip.exists()
            or subprocess.run([pip, "--version"], capture_output=True, check=False).returncode
        ):
            run(sys.executable, "-m", "venv", "--clear", str(home))
    return pip
