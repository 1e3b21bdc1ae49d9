"""Image files on real loop devices, detached again by their own name."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest


def losetup(image: Path) -> str:
    """Attach `image`; the loop's kernel name."""
    argv = ["losetup", "--find", "--show", str(image)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    return done.stdout.strip().removeprefix("/dev/")


def detach(name: str) -> None:
    subprocess.run(["losetup", "--detach", f"/dev/{name}"], check=False)


@pytest.fixture
def attach() -> Iterator[Callable[[Path], str]]:
    with ExitStack() as undo:

        def attached(image: Path) -> str:
            image.parent.mkdir(parents=True, exist_ok=True)
            image.touch()
            os.truncate(image, 1 << 20)
            name = losetup(image)
            undo.callback(detach, name)
            return name

        yield attached
