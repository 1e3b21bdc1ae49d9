"""The uncompressed kernel inside a bzImage.

QEMU starts an ELF vmlinux through its PVH entry, which spares the emulated processor the
decompression (about half of the time to the first user process).
"""

import lzma
import struct
import subprocess
from pathlib import Path

XZ, LZ4_LEGACY, ZSTD = b"\xfd7zXZ\0", b"\x02\x21\x4c\x18", b"\x28\xb5\x2f\xfd"
SETUP_SECTORS, PAYLOAD = 0x1F1, 0x248  # Documentation/arch/x86/boot.rst


def extract(bzimage: Path, target: Path) -> None:
    """Write the ELF kernel of `bzimage` to `target`; ValueError when there is none."""
    kernel = _decompress(_payload(bzimage.read_bytes()))
    if not kernel.startswith(b"\x7fELF"):
        raise ValueError(f"{bzimage}: its payload is no ELF kernel")
    target.write_bytes(kernel)


def _payload(image: bytes) -> bytes:
    real_mode = (image[SETUP_SECTORS] or 4) + 1
    offset, length = struct.unpack_from("<II", image, PAYLOAD)
    start = real_mode * 512 + offset
    return image[start : start + length]


def _decompress(payload: bytes) -> bytes:
    if payload.startswith(XZ):
        return lzma.LZMADecompressor().decompress(payload)
    for magic, program in ((LZ4_LEGACY, "lz4"), (ZSTD, "zstd")):
        if payload.startswith(magic):
            # the last four bytes are the unpacked size, not data
            argv = [program, "-q", "-dc"]
            return subprocess.run(argv, input=payload[:-4], capture_output=True, check=True).stdout
    raise ValueError(f"unknown kernel compression {payload[:6]!r}")
