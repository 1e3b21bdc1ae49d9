"""A driver installation that OpenNebula's user reaches through shims and sudo."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import clean
from support.frontend import BRIDGE, PREFIX, FrontEnd
from support.installation import Images, Installation

from vmm.cgroup.cgroup_tree import hierarchies

OURS = re.compile(rf"\bone-{PREFIX}\d\b")


@pytest.fixture(scope="session")
def images() -> Iterator[Images]:
    with clean.images("nxvp") as made:
        yield made


@pytest.fixture
def bridge() -> Iterator[str]:
    with clean.bridge(BRIDGE) as name:
        yield name


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
    with clean.left_clean(Moved(profiles="/nonexistent")) as made:
        yield made


@pytest.fixture
def front(installation: Installation, bridge: str) -> Iterator[FrontEnd]:
    made = FrontEnd(installation, bridge)
    yield made
    made.close()
