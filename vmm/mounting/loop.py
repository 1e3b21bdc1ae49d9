"""Loop devices: born with AUTOCLEAR, so that a crash leaves none; no image on two of them.

The kernel allows one file on two loop devices and both mounted, which destroys it. Foreign
devices are only read about in sysfs: an ioctl on a dead one can hang. Imported by hooks.
"""

import errno
import fcntl
import os
import stat
import struct
import time

from vmm.errors import DriverError, NotFound
from vmm.lean.ignoring import Ignoring
from vmm.mounting import mounts

LOOP_CONFIGURE, LOOP_CTL_GET_FREE = 0x4C0A, 0x4C82
READ_ONLY, AUTOCLEAR = 1, 4
SYSFS = "/sys/block"
ATTEMPTS = 64
BUSY_POLL_SECONDS = 0.02

Identity = tuple[int, int]
"""(st_dev, st_ino): what makes two paths one file."""


def open_image(path: str, *, readonly: bool) -> int:
    """A descriptor of the image file. `path` has its symlinks resolved: a new one is refused."""
    mode = os.O_RDONLY if readonly else os.O_RDWR
    try:
        fd = mounts.open_without_links(path, mode | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise NotFound(f"there is no image {path}") from error
    except OSError as error:
        raise DriverError(f"cannot open the image {path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise DriverError(f"the image {path} is not a regular file")
    return fd


def head(path: str, size: int) -> bytes:
    """The first bytes of an image file."""
    image = open_image(path, readonly=True)
    try:
        return os.pread(image, size, 0)
    finally:
        os.close(image)


def identity(fd: int) -> Identity:
    """What makes the open file itself."""
    status = os.fstat(fd)
    return status.st_dev, status.st_ino


Recorded = dict[tuple[str, int], Identity]
"""(device, its diskseq) → the image that we attached to it. A diskseq is never used twice."""


def diskseq(name: str) -> int:
    """The sequence number of this use of the device; 0 on kernels before 5.15."""
    try:
        with open(f"{SYSFS}/{name}/diskseq", encoding="ascii") as file:
            return int(file.read())
    except OSError:
        return 0


def attached() -> dict[str, str]:
    """The loop devices in use and the path of each one's file as sysfs tells it."""
    found = {}
    for name in os.listdir(SYSFS):
        if name.startswith("loop"):
            path = f"{SYSFS}/{name}/loop/backing_file"  # missing: not in use
            with Ignoring(OSError), open(path, encoding="utf-8") as file:
                found[name] = file.read().rstrip("\n")
    return found


def holder(image: Identity, recorded: Recorded) -> str | None:
    """The loop device that has this image, by the path in sysfs or by our own record.

    The path alone is not enough: the image may have been renamed since, or seen elsewhere.
    """
    for name, path in attached().items():
        if recorded.get((name, diskseq(name))) == image:
            return name
        with Ignoring(OSError):
            status = os.stat(path)
            if (status.st_dev, status.st_ino) == image:
                return name
    return None


def wait_free(image: Identity, recorded: Recorded, seconds: float) -> str | None:
    """Wait until no loop device has this image; the device that still has it after `seconds`."""
    deadline = time.monotonic() + seconds
    while (name := holder(image, recorded)) and time.monotonic() < deadline:
        time.sleep(BUSY_POLL_SECONDS)
    return name


def attach(image: int, name: str, *, readonly: bool) -> tuple[int, str]:
    """A descriptor of a new loop device over the open `image`, and its name.

    The device lives as long as this descriptor or a mount of it does. `name` is only for show.
    """
    control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    try:
        for _ in range(ATTEMPTS):
            number = fcntl.ioctl(control, LOOP_CTL_GET_FREE)
            device = _configured(f"/dev/loop{number}", _configuration(image, name, readonly), name)
            if device is not None:
                return device, f"loop{number}"
    finally:
        os.close(control)
    raise DriverError(f"no loop device is free for {name}", "raise max_loop or stop a container")


def _configured(path: str, configuration: bytes, name: str) -> int | None:
    """A descriptor of the device, which has the image now; None when another process was faster."""
    device = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(device, LOOP_CONFIGURE, configuration)
    except OSError as error:
        os.close(device)
        if error.errno == errno.EBUSY:
            return None
        raise DriverError(f"cannot attach {name} to a loop device: {error.strerror}") from error
    return device


def _configuration(image: int, name: str, readonly: bool) -> bytes:
    """struct loop_config: the file, a block size of 0 for the default, and struct loop_info64."""
    flags = AUTOCLEAR | (READ_ONLY if readonly else 0)
    shown = os.path.basename(name).encode()[:63]
    info = struct.pack("=5Q4I64s64s32s2Q", 0, 0, 0, 0, 0, 0, 0, 0, flags, shown, b"", b"", 0, 0)
    return struct.pack("=II", image, 0) + info + bytes(64)
