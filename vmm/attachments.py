"""Which devices carry the disks of a container: disks.json, also read by the collector.

Imported by hooks: keep it lean.
"""

from __future__ import annotations

import os

from vmm import attempt
from vmm.lean.value import Value, asdict
from vmm.mounting import loop
from vmm.state import DISKS, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Attachment(Value):
    """One disk on one device: `image` is what identifies the file behind it."""

    disk_id: int
    mapper: str
    device: str
    """The kernel's name: loop3."""
    dev: tuple[int, int]
    """(major, minor)."""
    diskseq: int
    source: str
    image: loop.Identity
    boot_id: str
    """Devices and their sequence numbers begin anew with each boot."""


def load(state: State) -> list[Attachment]:
    """What the container has attached, as far as its hooks recorded it."""
    return list(map(_from_json, state.read(DISKS) or ()))


def record(state: State, attachment: Attachment) -> None:
    """Remember one more."""
    save(state, [*load(state), attachment])


def save(state: State, attachments: list[Attachment]) -> None:
    """Replace what is remembered."""
    state.write(DISKS, [asdict(attachment) for attachment in attachments])


def recorded(base: str) -> loop.Recorded:
    """The images that any container below `base` has attached in this boot, by device."""
    found: loop.Recorded = {}
    boot_id = attempt.boot_id()
    for name in os.listdir(base):
        if not name.startswith("."):
            entries = State(f"{base}/{name}").readable(DISKS) or ()
            for attachment in map(_from_json, entries):
                if attachment.boot_id == boot_id:
                    found[attachment.device, attachment.diskseq] = attachment.image
    return found


def _from_json(entry: dict[str, Any]) -> Attachment:
    pairs = {key: tuple(entry[key]) for key in ("dev", "image")}
    return Attachment(**{**entry, **pairs})
