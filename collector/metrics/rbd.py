"""Mapped Ceph images: size and I/O, told by the kernel of this host, whatever Ceph does.

An image that a running container has mounted is on that container's row, any other on the host's.
"""

from collections.abc import Callable
from pathlib import Path

from collector import mounts
from collector.container import Container
from collector.followed import NOTHING, Followed
from collector.group import Group, Part
from collector.machine import Machine
from collector.model import Column, Columns, Kind, Labels, Metric
from collector.mounts import Number
from collector.rbd import Image, ImageCounters

_LABELS = ("device", "disk_id", "pool", "image")
_STAT = "/sys/block/rbdN/stat: block/stat.rst"
_SINCE = "Counts from the mapping on, whoever used the image."

METRICS = (
    Metric(
        "lxc_rbd_mapped",
        Kind.GAUGE,
        "",
        "Always 1 while the image is mapped on this host.",
        "/sys/bus/rbd/devices: sysfs-bus-rbd",
        _LABELS,
        "Container's row: mounted in it. Host's row: mapped, but mounted in no running container.",
    ),
    Metric(
        "lxc_rbd_size_bytes",
        Kind.GAUGE,
        "bytes",
        "Size of the image, whatever of it is written.",
        "/sys/bus/rbd/devices/N/size: sysfs-bus-rbd",
        _LABELS,
    ),
    Metric(
        "lxc_rbd_read_bytes_total",
        Kind.COUNTER,
        "bytes",
        "Bytes read from the image.",
        _STAT,
        _LABELS,
        _SINCE,
    ),
    Metric(
        "lxc_rbd_written_bytes_total",
        Kind.COUNTER,
        "bytes",
        "Bytes written to the image.",
        _STAT,
        _LABELS,
        _SINCE,
    ),
    Metric(
        "lxc_rbd_reads_completed_total",
        Kind.COUNTER,
        "",
        "Read requests completed.",
        _STAT,
        _LABELS,
        _SINCE,
    ),
    Metric(
        "lxc_rbd_writes_completed_total",
        Kind.COUNTER,
        "",
        "Write requests completed.",
        _STAT,
        _LABELS,
        _SINCE,
    ),
)
_NAMES = tuple(metric.name for metric in METRICS)


def _images(root: Path, labels: Callable[[Number], Labels]) -> Followed[Image]:
    def opened(image: Image) -> ImageCounters:
        return ImageCounters(root, image)

    def columns(image: Image) -> Columns:
        named = (*labels(image.number), *image.labels)
        return tuple(Column(metric, named) for metric in _NAMES)

    return Followed(opened, columns)


class _Mounted:
    """The images that one container has mounted, looked for with each round of its pace."""

    def __init__(self, container: Container) -> None:
        self._container, self._devices = container, container.devices
        vmid = container.ref.vmid
        self._images = _images(
            container.root, lambda number: container.devices.labels(*number, vmid)
        )
        self._claimed: set[Number] = set()
        self._round = -1
        self._renew()

    def read(self) -> Part:
        """Mapped, size and counters of each image."""
        if self._round != self._container.pace.round or (self._claimed and self._images.lost):
            self._renew()
        return self._images.read() if self._claimed else NOTHING

    def _renew(self) -> None:
        self._round = self._container.pace.round
        images = self._devices.images.images()
        if not images and not self._claimed:
            return
        if images:
            table = self._container.mounts.read()
            mounted = {mounts.block_number(mount) for mount in table}
            images = tuple(image for image in images if image.number in mounted)
        self._claim({image.number for image in images})
        self._images.follow(images)

    def _claim(self, numbers: set[Number]) -> None:
        self._devices.images.release(self._claimed)
        self._devices.images.claim(numbers)
        self._claimed = numbers

    def close(self) -> None:
        """Close the descriptors; the images are the host's again."""
        self._claim(set())
        self._images.close()


class _Unmounted:
    """The mapped images that no container has mounted."""

    def __init__(self, machine: Machine) -> None:
        self._mapped = machine.devices.images
        self._images = _images(machine.root, lambda number: machine.devices.labels(*number))
        self._followed: tuple[Image, ...] = ()

    def read(self) -> Part:
        """Mapped, size and counters of each image."""
        images = self._mapped.unclaimed()
        if images != self._followed or self._images.lost:
            self._images.follow(images)
            self._followed = images
        return self._images.read()

    def close(self) -> None:
        """Close the descriptors."""
        self._images.close()


GROUP: Group[Container] = Group("rbd", METRICS, _Mounted)
HOST_GROUP: Group[Machine] = Group("rbd", METRICS, _Unmounted)
