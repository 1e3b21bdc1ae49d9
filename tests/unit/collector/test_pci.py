"""On a hand-made /sys of three devices; pci.ids is cut from the real one."""

from pathlib import Path

import pytest

from collector import pci

DEVICES = {
    "0000:00:1f.2": ("0x8086", "0x2922", "0x010601", "-1"),
    "0000:3b:00.0": ("0x10de", "0x20b5", "0x030200", "1"),
    "0001:3b:00.0": ("0x10de", "0x1db6", "0x030200", "1"),
}
IDS = """\
# a comment
10de  NVIDIA Corporation
\t1db6  GV100GL [Tesla V100 PCIe 32GB]
\t\t10de 124a  a subsystem
\t20b5  GA100 [A100 PCIe 80GB]
8086  Intel Corporation
\t2922  82801IR/IO/IH (ICH9R/DO/DH) 6 port SATA Controller [AHCI mode]
C 01  Mass storage controller
\t06  SATA controller
\t\t01  AHCI 1.0
C 03  Display controller
\t02  3D controller
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for address, values in DEVICES.items():
        directory = tmp_path / "sys/bus/pci/devices" / address
        directory.mkdir(parents=True)
        for key, value in zip(("vendor", "device", "class", "numa_node"), values, strict=True):
            (directory / key).write_text(f"{value}\n")
    ids = tmp_path / "usr/share/misc/pci.ids"
    ids.parent.mkdir(parents=True)
    ids.write_text(IDS)
    return tmp_path


def chosen(root: Path, conf: str) -> list[str]:
    path = root / "pci.conf"
    path.write_text(conf)
    return [device.address for device in pci.chosen(root, str(path))]


@pytest.mark.parametrize(
    ("conf", "addresses"),
    [
        (":filter: '0:0'", []),
        (":filter: '*:*'", list(DEVICES)),
        (":filter: '10de:*'  # NVIDIA", ["0000:3b:00.0", "0001:3b:00.0"]),
        (":filter: '10de:20b5,8086:'", ["0000:00:1f.2", "0000:3b:00.0"]),
        (":filter:\n  - '10de:20b5'\n  - '8086:*:0106'\n", ["0000:00:1f.2", "0000:3b:00.0"]),
        (":filter: '::0302'\n:short_address: ['3b:00.0']", ["0000:3b:00.0"]),
        (":filter: '*:*'\n:short_address: []\n:device_name: ['tesla', '82801']",
         ["0000:00:1f.2", "0001:3b:00.0"]),
        ("", []),
    ],
)  # fmt: skip
def test_what_is_asked_for(root: Path, conf: str, addresses: list[str]) -> None:
    assert chosen(root, conf) == addresses


def test_without_a_file_nothing_is_told(root: Path) -> None:
    assert pci.chosen(root, str(root / "none")) == []


def test_names_and_node(root: Path) -> None:
    (root / "pci.conf").write_text(":filter: '10de:20b5'")
    (device,) = pci.chosen(root, str(root / "pci.conf"))
    assert (device.vendor_name, device.device_name) == (
        "NVIDIA Corporation",
        "GA100 [A100 PCIe 80GB]",
    )
    assert (device.class_name, device.class_id, device.numa_node) == ("3D controller", "0302", 1)


def test_without_pci_ids_there_are_no_names(root: Path) -> None:
    (root / "usr/share/misc/pci.ids").unlink()
    (root / "pci.conf").write_text(":filter: '8086:*'")
    (device,) = pci.chosen(root, str(root / "pci.conf"))
    assert (device.device_name, device.class_name, device.numa_node) == ("", "", None)
