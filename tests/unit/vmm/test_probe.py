import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmm.errors import DriverError
from vmm.storage import probe
from vmm.storage.probe import EMPTY, HEAD_BYTES, PARTITIONED, UNKNOWN


def _head(*parts: tuple[int, bytes]) -> bytes:
    head = bytearray(HEAD_BYTES)
    for at, data in parts:
        head[at : at + len(data)] = data
    return bytes(head)


MBR = ((446 + 4, b"\x83"), (510, b"\x55\xaa"))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", EMPTY),
        (_head(), EMPTY),
        (_head((HEAD_BYTES - 1, b"x")), UNKNOWN),
        (_head((0, b"XFSB")), "xfs"),
        (_head((0x438, b"\x53\xef")), "ext4"),
        (_head((0x10040, b"_BHRfS_M")), "btrfs"),
        (_head(*MBR), PARTITIONED),
        (_head((512, b"EFI PART")), PARTITIONED),
        (_head((510, b"\x55\xaa")), UNKNOWN),
        (_head((446, b"\x01"), *MBR), UNKNOWN),
        (_head((0x438, b"\x53\xef"), *MBR), "ext4"),
        (_head((0, b"QFI\xfb")), "qcow2"),
        (_head((4086, b"SWAPSPACE2")), "swap"),
        (_head((0, b"XFSB"), (0x438, b"\x53\xef")), UNKNOWN),
    ],
)
def test_what_is_on_a_disk(head: bytes, kind: str) -> None:
    assert probe.probe(head) == kind


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs"])
def test_real_file_systems(tmp_path: Path, kind: str) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(320 << 20)
    subprocess.run([f"/usr/sbin/mkfs.{kind}", "-q", str(image)], check=True, capture_output=True)
    with image.open("rb") as file:
        assert probe.probe(file.read(HEAD_BYTES)) == kind


@given(st.binary(max_size=4096))
def test_any_bytes_have_a_name(head: bytes) -> None:
    names = {name for name, _, _ in probe.SIGNATURES} | {EMPTY, PARTITIONED, UNKNOWN}
    assert probe.probe(head) in names


@pytest.mark.parametrize("kind", [EMPTY, PARTITIONED, UNKNOWN, "qcow2", "luks", "swap", "lvm"])
def test_what_cannot_be_mounted_has_a_remedy(kind: str) -> None:
    with pytest.raises(DriverError, match=r"^disk 1 .*; ") as caught:
        probe.mountable(kind, "disk 1")
    assert caught.value.remedy


def test_what_can_be_mounted() -> None:
    assert [probe.mountable(kind, "disk") for kind in ("ext4", "xfs", "btrfs")] == [
        "ext4",
        "xfs",
        "btrfs",
    ]
