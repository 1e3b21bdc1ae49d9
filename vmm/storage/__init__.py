"""Disks: one mapper per kind of storage, in one table. Imported by hooks: keep it lean."""

from __future__ import annotations

from vmm.storage import raw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmm.storage.mapper import Mapper

MAPPERS: dict[str, Mapper] = {"raw": raw.RawFiles()}
