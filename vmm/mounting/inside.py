"""Mounts placed in a running container's namespace by a short-lived child.

setns on a mount namespace wants a process with one thread, and a process must not come back
from a guest's namespace: so the work is done in a child that ends. Imported by hooks.
"""

from __future__ import annotations

import os
import select

from vmm.errors import DriverError
from vmm.lean.brief_signal import signal
from vmm.mounting import mounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

REPORT_BYTES = 2000
DONE = "\0"
"""The first character of a child's success."""


def place(pid: int, placed: Sequence[tuple[int, str]], uid: int, gid: int, timeout: float) -> None:
    """Put each detached mount on its directory inside the container of init `pid`.

    Missing directories are made as the container's root, who is `uid`:`gid` here.
    """

    if not placed:
        return

    def work() -> str:
        mounts.enter_mount_namespace(pid)
        for mount, target in placed:
            _make_directory(target, uid, gid)
            mounts.place(mount, target)
        return ""

    ask_child(work, timeout, "mounting disks in the container")


def replace(pid: int, placed: tuple[int, str], uid: int, gid: int, timeout: float) -> None:
    """As `place` does, in the place of what is mounted there, if anything."""
    mount, target = placed

    def work() -> str:
        mounts.enter_mount_namespace(pid)
        _make_directory(target, uid, gid)
        before = mounts.copy(target)
        mounted = mounts.unmount(target, lazy=True)
        try:
            mounts.place(mount, target)
        except BaseException:
            if mounted:
                mounts.place(before, target)
            raise
        return ""

    ask_child(work, timeout, f"mounting {target} in the container")


def unmount(pid: int, targets: Sequence[str], timeout: float) -> None:
    """Unmount what is on each directory inside the container of init `pid`, if anything."""

    def work() -> str:
        mounts.enter_mount_namespace(pid)
        for target in targets:
            mounts.unmount(target)
        return ""

    ask_child(work, timeout, "unmounting disks in the container")


def ask_child(work: Callable[[], str], timeout: float, what: str) -> str:
    """What `work` gives when run in a forked child; its DriverError or OSError is raised here."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        _child(work, writer)
    os.close(writer)
    try:
        answer = _answer(reader, timeout, what)
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if answer.startswith(DONE):
        return answer.removeprefix(DONE)
    raise DriverError(*answer.split("\n", 1))


def _child(work: Callable[[], str], writer: int) -> None:
    """Do the work, write its answer or the problem, and end without the parent's cleanup."""
    try:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        mounts.die_with_parent()
        answer = DONE + work()
    except DriverError as error:
        answer = f"{error.problem}\n{error.remedy}"
    except BaseException as error:
        answer = f"{type(error).__name__}: {error}"
    try:
        os.write(writer, answer.encode()[:REPORT_BYTES])
    finally:
        os._exit(0)


def _answer(reader: int, timeout: float, what: str) -> str:
    """What the child wrote, or what went wrong with it."""
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    if not poll.poll(timeout * 1000):
        return f"{what} took longer than {timeout:.0f} s"
    return os.read(reader, REPORT_BYTES).decode(errors="replace") or f"{what} failed: it died"


def _make_directory(target: str, uid: int, gid: int) -> None:
    """Make `target` and its parents where they are missing."""
    mounts.act_as(uid, gid)
    try:
        os.makedirs(target, exist_ok=True)
    except OSError as error:
        raise DriverError(
            f"cannot make the mount point {target} in the container: {error.strerror}"
        ) from error
    finally:
        mounts.act_as(0, 0)
