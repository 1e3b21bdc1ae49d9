"""A whole node, installed for real where nobody else sees it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmm.cgroup.cgroup_tree import CgroupTree

pytestmark = [pytest.mark.host, pytest.mark.timeout(600)]

VMID = 71500 + os.getpid() % 90
PLACES = tuple(map(Path, ("/var/lib/nebulxc", "/var/lib/one", "/run/systemd")))
SCRIPT = Path(__file__).with_name("installed_node.py")


@pytest.fixture
def places() -> Iterator[None]:
    """Directories to mount on; those that were not there are gone afterwards."""
    absent = [place for place in PLACES if not place.exists()]
    for place in absent:
        place.mkdir(parents=True)
    yield
    for place in absent:
        place.rmdir()


def test_a_node_from_its_installation_to_its_removal(places: None) -> None:
    own = ["unshare", "--mount", "--propagation", "private"]
    argv = [*own, sys.executable, str(SCRIPT), str(VMID)]
    ran = subprocess.run(argv, capture_output=True, text=True, timeout=550, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert CgroupTree(f"one-{VMID}").directories() == []
