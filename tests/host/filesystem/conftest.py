"""Containers whose root and second disk are images of their own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.busybox import Busybox, Container
from support.images import loop, make_image, mounted


@dataclass
class OnImages:
    """A container that is not started yet; its root is mounted at `root`."""

    container: Container
    root: Path
    root_device: str


@pytest.fixture
def on_image(busybox: Busybox) -> Iterator[Callable[[str], OnImages]]:
    """`on_image(name)` → a container on an image of 64 MiB; all of it goes with the test."""
    with ExitStack() as undo:

        def make(name: str) -> OnImages:
            home = busybox.base / name
            image = make_image(home / "disk.0", 64, busybox.rootfs)
            device = undo.enter_context(loop(image))
            root = undo.enter_context(mounted(device, home / "root"))
            container = busybox.define(name, f"lxc.rootfs.path = dir:{root}")
            undo.callback(busybox.destroy, container)
            return OnImages(container, root, device)

        yield make
