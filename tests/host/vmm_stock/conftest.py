"""A driver installation beside a stand-in for the stock driver, reached as OpenNebula does."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.frontend import PREFIX, Call, FrontEnd, vmid
from support.installation import Images, Installation, run, settled
from support.stock import Stock

from vmm.cgroup.cgroup_tree import CgroupTree

NAME = f"one-{vmid(4)}"


@pytest.fixture(scope="session")
def images() -> Iterator[Images]:
    directory = Path(tempfile.mkdtemp(prefix="nxid-images-", dir="/var/tmp"))
    yield Images(directory)
    shutil.rmtree(directory)


class Moved(Installation):
    """An installation with the one container that the captured calls are moved to."""

    def traces(self) -> dict[str, list[str]]:
        interfaces = [name for name in os.listdir("/sys/class/net") if name.startswith(f"{NAME}-")]
        return super().traces() | {"interfaces": interfaces}

    def _cgroups(self) -> Iterator[str]:
        yield from CgroupTree(NAME).directories()


@pytest.fixture
def installation() -> Iterator[Installation]:
    """Afterwards nothing of it is mounted or attached."""
    made = Moved(profiles="/nonexistent")
    before = made.traces()
    try:
        yield made
    finally:
        left = settled(made, before)
        made.close()
    assert left == before


@pytest.fixture
def front(installation: Installation) -> Iterator[FrontEnd]:
    bridge = f"nxid{PREFIX}"
    run("ip", "link", "add", bridge, "type", "bridge")
    made = FrontEnd(installation, bridge)
    try:
        yield made
    finally:
        made.close()
        run("ip", "link", "del", bridge)


@pytest.fixture
def stock(front: FrontEnd, installation: Installation, images: Images) -> Iterator[Stock]:
    """The stock driver, and VM 4's disks in place; whatever it runs is ended."""
    made = Stock(front, installation, vmid(4))
    home = Path(installation.policy.datastores, "0", str(vmid(4)))
    home.mkdir(parents=True)
    (home / "disk.0").write_bytes(images.busybox().read_bytes())
    (home / "disk.1").write_bytes(images.context({"context.sh": "A=1\n"}).read_bytes())
    yield made
    made.close()
    lxc = ("-P", installation.policy.lxc, "-n", NAME)
    run("lxc-stop", *lxc, "-k", check=False)
    for point in (made.has / "disk.0", made.mapper / "disk.0"):
        run("umount", str(point), check=False)
    for line in run("losetup", "--list", "--noheadings", "-O", "NAME,BACK-FILE").splitlines():
        device, _, file = line.partition(" ")
        if file.strip().startswith(str(home)):
            run("losetup", "-d", device)
    for directory in (installation.policy.lxc, installation.policy.state):
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(f"{directory}/{NAME}")


@pytest.fixture
def calls(front: FrontEnd) -> dict[str, Call]:
    """The first captured call of each action on VM 4."""
    found: dict[str, Call] = {}
    for call in front.calls("mock-all-actions"):
        if str(vmid(4)) in call.argv:
            found.setdefault(call.action, call)
    return found
