import lzma
import struct
import subprocess
from pathlib import Path

import pytest
from vm.vmlinux import extract

KERNEL = b"\x7fELF" + bytes(range(256)) * 40


def bzimage(payload: bytes) -> bytes:
    """A hand-made image: two sectors of real-mode code, then the payload at offset 64."""
    head = bytearray(512 * 2)
    head[0x1F1] = 1
    struct.pack_into("<II", head, 0x248, 64, len(payload))
    return bytes(head) + bytes(64) + payload + b"trailer"


def packed_by(*argv: str) -> bytes:
    size = struct.pack("<I", len(KERNEL))
    return subprocess.run(argv, input=KERNEL, capture_output=True, check=True).stdout + size


@pytest.mark.parametrize("compression", ["xz", "zstd", "lz4"])
def test_extracts_the_kernel(tmp_path: Path, compression: str) -> None:
    payload = {
        "xz": lambda: lzma.compress(KERNEL) + b"size",
        "zstd": lambda: packed_by("zstd", "-qc"),
        "lz4": lambda: packed_by("lz4", "-qcl"),
    }[compression]()
    (tmp_path / "bzImage").write_bytes(bzimage(payload))
    extract(tmp_path / "bzImage", tmp_path / "vmlinux")
    assert (tmp_path / "vmlinux").read_bytes() == KERNEL


def test_says_what_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "bzImage").write_bytes(bzimage(b"LZMA?!"))
    with pytest.raises(ValueError, match="unknown kernel compression"):
        extract(tmp_path / "bzImage", tmp_path / "vmlinux")
