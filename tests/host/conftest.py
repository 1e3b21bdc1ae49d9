"""Real containers for the host tests. What is missing fails the run; nothing is skipped."""

import os
from collections.abc import Callable, Iterator

import pytest
from support.busybox import Busybox, Container


@pytest.fixture(scope="session")
def busybox() -> Iterator[Busybox]:
    """The containers of this session: one root for all, every one gone at the end."""
    assert os.geteuid() == 0, "host tests need root: run them with sudo"
    with Busybox() as made:
        yield made


@pytest.fixture
def lxc_container(busybox: Busybox) -> Iterator[Callable[..., Container]]:
    """`lxc_container(name, *config_lines)` → a running container that ends with the test."""
    made: list[Container] = []

    def start(name: str, *lines: str, exact: bool = False) -> Container:
        made.append(busybox.define(name, *lines, exact=exact))
        return made[-1].start()

    yield start
    for container in made:
        busybox.destroy(container)
