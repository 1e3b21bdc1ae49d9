"""What a driver's test makes and must not leave: images, a bridge, an installation's traces."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from support.installation import Images, Installation, run, settled

Made = TypeVar("Made", bound=Installation)


@contextlib.contextmanager
def images(prefix: str) -> Iterator[Images]:
    """Images in a directory of their own."""
    assert os.geteuid() == 0, "host tests need root: run them with sudo"
    directory = Path(tempfile.mkdtemp(prefix=f"{prefix}-images-", dir="/var/tmp"))
    yield Images(directory)
    shutil.rmtree(directory)


@contextlib.contextmanager
def bridge(name: str) -> Iterator[str]:
    """A Linux bridge."""
    run("ip", "link", "add", name, "type", "bridge")
    run("ip", "link", "set", name, "up")
    yield name
    run("ip", "link", "del", name)


@contextlib.contextmanager
def left_clean(made: Made) -> Iterator[Made]:
    """Whatever a test does with the installation: afterwards nothing of it is on the host."""
    before = made.traces()
    try:
        yield made
    finally:
        made.end()
        left = settled(made, before)
        made.close()
    assert left == before
