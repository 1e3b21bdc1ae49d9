"""Image files on loop devices and file systems that never answer, undone in any case."""

import contextlib
import errno
import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from support.busybox import run, until

_LOOP_CTL_ADD, _LOOP_CTL_REMOVE = 0x4C80, 0x4C81


@contextlib.contextmanager
def loop(image: Path) -> Iterator[str]:
    """`image` on a loop device of its own ("/dev/loop3") during the block."""
    device = run("losetup", "--find", "--show", str(image)).strip()
    try:
        yield device
    finally:
        run("losetup", "--detach", device)


@contextlib.contextmanager
def new_loop(image: Path) -> Iterator[str]:
    """As `loop`, on a device that did not exist before: nothing was ever configured on it."""
    with open("/dev/loop-control", "rb") as control:
        number = fcntl.ioctl(control, _LOOP_CTL_ADD, 4096 + time.monotonic_ns() // 1000 % (1 << 19))
        device = f"/dev/loop{number}"
        try:
            run("losetup", device, str(image))
            yield device
        finally:
            run("losetup", "--detach", device, check=False)
            # A container that was started meanwhile may hold a copy of the mount: then the device
            # empties itself when that one ends, and only its number is left.
            with contextlib.suppress(AssertionError):
                until(lambda: _removed(control.fileno(), number), f"{device} to be free")


def _removed(control: int, number: int) -> bool:
    try:
        fcntl.ioctl(control, _LOOP_CTL_REMOVE, number)
    except OSError as error:
        return error.errno == errno.ENODEV
    return True


def make_image(image: Path, size_mib: int, content: Path | None = None) -> Path:
    """A sparse image with ext4 on it, holding a copy of `content`."""
    image.parent.mkdir(parents=True, exist_ok=True)
    with image.open("wb") as file:
        file.truncate(size_mib << 20)
    options = ["-d", str(content)] if content else []
    # Without lazy initialisation nothing but our own load writes to it.
    run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", *options, str(image))
    return image


@contextlib.contextmanager
def mounted(device: str, point: Path) -> Iterator[Path]:
    """`device` mounted on `point` during the block."""
    point.mkdir(mode=0o755, parents=True, exist_ok=True)
    run("mount", device, str(point))
    try:
        yield point
    finally:
        run("umount", str(point))


class HangingFuse:
    """A FUSE file system whose server reads no request: whoever asks it anything waits.

    `answer` ends the connection, and with it every wait; leaving the block unmounts. With a
    `device` it is one on that block device (fuseblk), as ntfs-3g mounts.
    """

    def __init__(self, point: Path, device: str = "") -> None:
        self._undo = ExitStack()
        self._server = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        self.point, self._device = point, device

    def __enter__(self) -> "HangingFuse":
        options = f"fd={self._server},rootmode=40000,user_id=0,group_id=0"
        kind = "fuse" if not self._device else "fuseblk"
        # Without -i mount(8) would ask a helper, which looks at the mount point and hangs.
        argv = ["mount", "-i", "-t", kind, "-o", options, self._device or "nothing"]
        self.point.mkdir(parents=True, exist_ok=True)
        subprocess.run([*argv, str(self.point)], pass_fds=[self._server], check=True, timeout=60)
        self._undo.callback(run, "umount", "--lazy", str(self.point))
        self._undo.callback(self.answer)
        return self

    def answer(self) -> None:
        """End the connection: everybody who waits gets an error. More than once does no harm."""
        if self._server >= 0:
            os.close(self._server)
            self._server = -1

    def __exit__(self, *_: object) -> None:
        self._undo.close()
        self.answer()
