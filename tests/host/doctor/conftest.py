"""A driver installation with one container of ours, and looks of the doctor at it."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.installation import Images, Installation, settled
from support.ward import VMID, Ours, Ward


@pytest.fixture(scope="session")
def images() -> Iterator[Images]:
    assert os.geteuid() == 0, "host tests need root: run them with sudo"
    with tempfile.TemporaryDirectory(prefix="nxid-images-", dir="/var/tmp") as directory:
        yield Images(Path(directory))


@pytest.fixture
def installation() -> Iterator[Installation]:
    made = Ours(profiles="/nonexistent")
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
def ward(installation: Installation, images: Images) -> Ward:
    """A VM with its disk in place, not deployed yet."""
    return Ward(installation, installation.vm(VMID, root=images.busybox()))
