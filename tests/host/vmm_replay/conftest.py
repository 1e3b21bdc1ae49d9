"""A driver installation that OpenNebula's user reaches through shims and sudo."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.frontend import BRIDGE, PREFIX, FrontEnd
from support.installation import Images, Installation, run, settled

from vmm.cgroup_tree import hierarchies

OURS = re.compile(rf"\bone-{PREFIX}\d\b")


@pytest.fixture(scope="session")
def images() -> Iterator[Images]:
    assert os.geteuid() == 0, "host tests need root: run them with sudo"
    directory = Path(tempfile.mkdtemp(prefix="nxvp-images-", dir="/var/tmp"))
    yield Images(directory)
    shutil.rmtree(directory)


@pytest.fixture
def bridge() -> Iterator[str]:
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    run("ip", "link", "set", BRIDGE, "up")
    yield BRIDGE
    run("ip", "link", "del", BRIDGE)


class Moved(Installation):
    """An installation with the containers that the captured calls are moved to."""

    def traces(self) -> dict[str, list[str]]:
        interfaces = [name for name in os.listdir("/sys/class/net") if OURS.search(name)]
        return super().traces() | {"interfaces": interfaces}

    def _cgroups(self) -> Iterator[str]:
        for tree in hierarchies():
            for path in Path(tree.path).glob("lxc.*"):
                if OURS.search(path.name):
                    yield str(path)


@pytest.fixture
def installation() -> Iterator[Installation]:
    """Afterwards nothing of it is on the host."""
    made = Moved(profiles="/nonexistent")
    before = made.traces()
    try:
        yield made
    finally:
        for name in os.listdir(made.policy.state):
            if not name.startswith("."):
                container = made.site.container(name)
                container.stop(0)
                container.clear(())
                container.undefine()
        left = settled(made, before)
        made.close()
    assert left == before


@pytest.fixture
def front(installation: Installation, bridge: str) -> Iterator[FrontEnd]:
    made = FrontEnd(installation, bridge)
    yield made
    made.close()
