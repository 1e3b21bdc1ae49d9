"""Ceph images that are mapped on this host (krbd), from sysfs alone: nothing here asks Ceph."""

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from collector.blockstat import UNKNOWN, BlockStat
from collector.files import Text
from collector.formats import Values, number
from collector.group import Gone
from collector.model import MISSING, Labels
from collector.mounts import Number
from collector.sysfs import printable, rbd_source, text

RECHECK_S = 10.0
_BUS = "sys/bus/rbd/devices"


@dataclass(frozen=True, slots=True)
class Image:
    """A mapped image: `id` is N of /dev/rbdN. A snapshot's name is "image@snapshot"."""

    id: str
    number: Number
    pool: str
    name: str

    @property
    def labels(self) -> Labels:
        """pool and image, fit for labels."""
        return ("pool", printable(self.pool)), ("image", printable(self.name))


class Mapped:
    """The images mapped on this host, one list for all containers and the host.

    Which ids there are is looked up at every `refresh`, what they are every `RECHECK_S`: an id may
    be given to another image. Containers claim what they have mounted.
    """

    def __init__(self, root: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._root, self._clock = root, clock
        self._bus = str(root / _BUS)
        self._known: dict[str, Image] = {}
        self._images: tuple[Image, ...] = ()
        self._checked = clock()
        self._claims: Counter[Number] = Counter()
        self.refresh()

    def refresh(self) -> None:
        """Look what is mapped, once per cycle; nothing where the kernel has no rbd."""
        try:
            ids = os.listdir(self._bus)
        except OSError:
            ids = []
        if self._clock() - self._checked >= RECHECK_S:
            self._checked = self._clock()
            self._known.clear()
        known = {id_: self._known.get(id_) or image(self._root, id_) for id_ in ids}
        self._known = {id_: found for id_, found in known.items() if found is not None}
        self._images = tuple(self._known[id_] for id_ in sorted(self._known, key=_by_number))

    def images(self) -> tuple[Image, ...]:
        """Every image that was mapped at the last `refresh`. Half a one is left out."""
        return self._images

    def claim(self, numbers: set[Number]) -> None:
        """A container has these devices mounted."""
        self._claims.update(numbers)

    def release(self, numbers: set[Number]) -> None:
        """It has them no more."""
        self._claims.subtract(numbers)

    def unclaimed(self) -> tuple[Image, ...]:
        """The images that no container has mounted."""
        return tuple(found for found in self._images if self._claims[found.number] <= 0)


def _by_number(id_: str) -> tuple[int, str]:
    return len(id_), id_


def image(root: Path, id_: str) -> Image | None:
    """The image of /dev/rbd`id_`, or None when it is not (wholly) there.

    An image of a RADOS namespace is named "namespace/image".
    """
    device = root / _BUS / id_
    major, minor = text(device / "major"), text(device / "minor")
    pool, _, name = rbd_source(device).partition("/")
    if not (major and minor and name):
        return None
    return Image(id_, (int(major), int(minor)), pool, name)


class ImageCounters:
    """One image's size and I/O through kept descriptors; UNKNOWN once it is unmapped."""

    def __init__(self, root: Path, image: Image) -> None:
        """Open the image's files; OSError when it is gone already."""
        self._stat = BlockStat(root / f"sys/block/rbd{image.id}/stat")
        try:
            self._size = Text(root / _BUS / image.id / "size", lambda data: (number(data),))
        except OSError:
            self._stat.close()
            raise

    @property
    def gone(self) -> bool:
        """Whether the image was unmapped."""
        return self._stat.gone

    def read(self) -> Values:
        """(1 for mapped, size, bytes read, bytes written, reads, writes)."""
        counters = self._stat.read()[:4]
        try:
            return (1.0, *self._size.read(), *counters)
        except Gone:
            self._stat.gone = True
            return (MISSING, MISSING, *UNKNOWN[:4])

    def close(self) -> None:
        """Close the descriptors."""
        self._stat.close()
        self._size.close()
