"""What is given back of a stopped container of the stock driver, device by device."""

from pathlib import Path
from typing import Any

import pytest

from vmm import stock
from vmm.container import Container
from vmm.errors import DriverError
from vmm.mounting import mounts
from vmm.policy import NodePolicy
from vmm.spec import Limits, VmSpec

VM = VmSpec(vmid=7, limits=Limits(1, 1 << 26), datastore_id=0)


class Recorder:
    """A host that notes what it is asked to run."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, ...]] = []

    def run(self, *argv: str, **_: object) -> str:
        self.ran.append(argv)
        return ""


class Node:
    """The stock driver's directories, and a mount table."""

    def __init__(self, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.base, self.host = base, Recorder()
        self.policy = NodePolicy(datastores=f"{base}/ds", lxc=f"{base}/lxc", state=f"{base}/ct")
        self.unmounted: list[str] = []
        self.table: list[tuple[str, str]] = []
        monkeypatch.setattr(stock, "HAS", f"{base}/has")
        monkeypatch.setattr(stock, "_mounts", lambda: self.table)
        monkeypatch.setattr(mounts, "unmount", self.unmounted.append)
        (base / "has/7/disk.0").mkdir(parents=True)
        (base / "lxc/one-7").mkdir(parents=True)
        (base / "lxc/one-7/config").write_text("lxc.uts.name = theirs\n")

    def mount(self, point: str, source: str) -> None:
        self.table.append((f"{self.base}/{point}", source))

    def clear(self) -> bool:
        host: Any = self.host
        return stock.clear(VM, Container(VM.name, self.policy, host), self.policy, host)


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    return Node(tmp_path, monkeypatch)


def test_everything_of_that_vm_and_nothing_else(node: Node) -> None:
    for vmid in (7, 70, 17):
        node.mount(f"ds/0/{vmid}/mapper/disk.0", "/dev/rbd5")
        node.mount(f"has/{vmid}/disk.0", f"{node.base}/ds/0/{vmid}/mapper/disk.0")
    node.mount("ds/1/7/mapper/disk.0", "/dev/rbd6")
    assert node.clear()
    base = node.base
    assert node.unmounted == [f"{base}/has/7/disk.0", f"{base}/ds/0/7/mapper/disk.0"]
    assert node.host.ran == [("rbd", "unmap", "/dev/rbd5")]
    assert not (base / "has/7").exists()
    assert not (base / "lxc/one-7").exists()
    assert not node.clear()


@pytest.mark.parametrize(
    ("device", "command"),
    [
        ("/dev/nbd3", [("qemu-nbd", "--disconnect", "/dev/nbd3")]),
        ("/dev/nbd3p1", [("qemu-nbd", "--disconnect", "/dev/nbd3")]),
        ("/dev/rbd0", [("rbd", "unmap", "/dev/rbd0")]),
        ("/dev/mapper/vg--one-lv--one", []),
        ("/dev/sdb1", []),
        ("/dev/loop99999", []),  # it has cleared itself
    ],
)
def test_each_kind_of_device(node: Node, device: str, command: list[tuple[str, ...]]) -> None:
    node.mount("ds/0/7/mapper/disk.0", device)
    node.clear()
    assert node.host.ran == command


def test_no_file_is_removed_but_lxcs_definition(node: Node) -> None:
    (node.base / "has/7/disk.0/file").touch()
    with pytest.raises(DriverError, match=r"has/7/disk\.0, which the stock driver left, cannot"):
        node.clear()
    assert (node.base / "has/7/disk.0/file").exists()


def test_without_its_directory_nothing_is_the_stock_drivers(node: Node) -> None:
    (node.base / "has/7/disk.0").rmdir()
    (node.base / "has/7").rmdir()
    assert not node.clear()
    assert (node.base / "lxc/one-7/config").exists()
