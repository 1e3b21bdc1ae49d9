"""The load program, the collector that is held to it, and the table at the end of the run."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.busybox import Busybox, Container, run
from support.collecting import collecting
from support.images import make_image, mounted, new_loop
from support.truth import TABLE, Table, lines

from collector.cycle import Collector

SOURCE = Path(__file__).with_name("load.c")
BUILT = Path(__file__).with_name("load")
"""Used when it is there: built on a machine with a compiler for one that has none."""


@pytest.fixture(scope="session")
def truth(request: pytest.FixtureRequest) -> Table:
    """Where each comparison goes."""
    return request.config.stash.setdefault(TABLE, Table())


@pytest.fixture(scope="session")
def loaded(busybox: Busybox) -> Busybox:
    """The session's containers, with the load program as /bin/load in their root."""
    program = busybox.rootfs / "bin/load"
    if BUILT.exists():
        shutil.copy2(BUILT, program)
    else:
        run("cc", "-O1", "-Wall", "-Werror", "-static", "-o", str(program), str(SOURCE))
    return busybox


@pytest.fixture
def start(loaded: Busybox) -> Iterator[Callable[..., Container]]:
    """`start(name, *config_lines)` → a running container that has /bin/load."""
    made: list[Container] = []

    def start(name: str, *config: str) -> Container:
        made.append(loaded.define(name, *config))
        return made[-1].start()

    yield start
    for container in made:
        loaded.destroy(container)


@dataclass
class OnImage:
    """A running container whose root is an image on `device` (its kernel name)."""

    container: Container
    device: str


@pytest.fixture
def on_image(loaded: Busybox) -> Iterator[OnImage]:
    """A running container on an image of 256 MiB of its own."""
    with ExitStack() as undo:
        home = loaded.base / "truth-disk"
        device = undo.enter_context(new_loop(make_image(home / "disk.0", 256, loaded.rootfs)))
        root = undo.enter_context(mounted(device, home / "root"))
        container = loaded.define("disk", f"lxc.rootfs.path = dir:{root}")
        undo.callback(loaded.destroy, container)
        yield OnImage(container.start(), device.removeprefix("/dev/"))


@pytest.fixture
def collector(loaded: Busybox) -> Iterator[Collector]:
    """A collector of this machine."""
    with collecting(loaded.lxc_path) as made:
        yield made


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """The table, also of a run that failed."""
    table = config.stash.get(TABLE, None)
    if table and table.rows:
        terminalreporter.section("truth")
        for line in lines(table.rows):
            terminalreporter.write_line(line)
