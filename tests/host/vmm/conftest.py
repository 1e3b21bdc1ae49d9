"""A driver installation per test, images once per session. Needs root and real LXC."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.installation import Images, Installation, run, settled


@pytest.fixture(scope="session")
def images() -> Iterator[Images]:
    assert os.geteuid() == 0, "host tests need root: run them with sudo"
    directory = Path(tempfile.mkdtemp(prefix="nxve-images-", dir="/var/tmp"))
    yield Images(directory)
    shutil.rmtree(directory)


@pytest.fixture
def installation() -> Iterator[Installation]:
    """Whatever a test does: afterwards nothing of it is on the host."""
    made = Installation()
    before = made.traces()
    try:
        yield made
    finally:
        names = [name for name in os.listdir(made.policy.state) if not name.startswith(".")]
        for name in names:
            container = made.site.container(name)
            container.stop(0)
            container.clear(())
            container.undefine()
        left = settled(made, before)
        made.close()
    assert left == before


@pytest.fixture
def bridge() -> Iterator[str]:
    name = f"nxvebr{os.getpid()}"  # two runs side by side do not meet
    run("ip", "link", "add", name, "type", "bridge")
    run("ip", "link", "set", name, "up")
    yield name
    run("ip", "link", "del", name)
