"""Logical volumes as OpenNebula makes them."""

from typing import Protocol

VG = "vg-one-0"
"""The volume group on vdb, with the thin pool `pool` in it; made with the image."""


class Volume(Protocol):
    """The fixture that makes a volume and tells its device."""

    def __call__(self, name: str, *, thin: bool) -> str: ...
