"""A program run with bounded time and bounded output, its standard input given."""

import contextlib
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from vmm.execution import Outcome
from vmm.mounting import mounts

TIMED_OUT = 124
"""As timeout(1) says it."""
NOT_STARTED = 126
AFTER_SECONDS = 1.0
"""How long output is read after the program's end: a child of it may hold the pipes for ever."""
POLL_SECONDS = 0.05
CHUNK = 1 << 16


def run(
    argv: Sequence[str],
    given: bytes,
    env: Mapping[str, str],
    limits: tuple[float, int],
    end: Callable[[], None],
) -> Outcome:
    """What the program gives within `limits`: seconds, and bytes of each of its outputs.

    What is more than these bytes is read and thrown away. The program dies with this process.
    `end` kills it and all that it has started, and is called when the time is over.
    """
    seconds, size = limits
    with contextlib.ExitStack() as stack:
        output, errors = (stack.enter_context(_Stream(size)) for _ in range(2))
        try:
            child = stack.enter_context(_begun(argv, given, env, output, errors))
        except OSError as error:
            return Outcome(NOT_STARTED, b"", f"{argv[0]}: {error.strerror}\n".encode())
        in_time = _follow(child, (output, errors), time.monotonic() + seconds)
        if not in_time:
            end()
            child.kill()
        status = child.wait()
    said = errors.kept + _note(output.lost + errors.lost, None if in_time else seconds)
    if not in_time:
        return Outcome(TIMED_OUT, bytes(output.kept), bytes(said))
    return Outcome(status if status >= 0 else 128 - status, bytes(output.kept), bytes(said))


def _begun(
    argv: Sequence[str],
    given: bytes,
    env: Mapping[str, str],
    output: "_Stream",
    errors: "_Stream",
) -> subprocess.Popen[bytes]:
    fds, parent = (_holding(given), output.writer, errors.writer), os.getpid()

    def die_with_parent() -> None:
        mounts.die_with_parent()
        if os.getppid() != parent:
            os._exit(1)

    try:
        return subprocess.Popen(
            argv,
            stdin=fds[0],
            stdout=fds[1],
            stderr=fds[2],
            env=env,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - the runner has one thread
        )
    finally:
        for fd in fds:
            os.close(fd)


class _Stream:
    """One output of a program: the end that it gets, and what was read from the other."""

    def __init__(self, size: int) -> None:
        self.reader, self.writer = os.pipe2(os.O_CLOEXEC)
        self.kept, self.lost = bytearray(), 0
        self._size = size

    def __enter__(self) -> "_Stream":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.reader)

    def read(self) -> bool:
        """Take what is there; False at the end."""
        data = os.read(self.reader, CHUNK)
        fits = data[: self._size - len(self.kept)]
        self.kept += fits
        self.lost += len(data) - len(fits)
        return bool(data)


def _follow(child: subprocess.Popen[bytes], streams: tuple[_Stream, ...], deadline: float) -> bool:
    """Read the streams until the program has ended; False when the time is over before."""
    ended = False
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream.reader, selectors.EVENT_READ, stream)
        while (selector.get_map() or not ended) and time.monotonic() < deadline:
            if not ended and child.poll() is not None:
                ended, deadline = True, time.monotonic() + AFTER_SECONDS
            for key, _ in selector.select(POLL_SECONDS):
                if not key.data.read():
                    selector.unregister(key.fd)
    return ended


def _holding(data: bytes) -> int:
    """A descriptor that reads as `data`: no one has to serve it while the program runs."""
    fd = os.memfd_create("stdin", os.MFD_CLOEXEC)
    with open(os.dup(fd), "wb") as file:
        file.write(data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _note(lost: int, seconds: float | None) -> bytes:
    """What happened to the program that it does not say itself."""
    told = [f"nebulxc: {lost} bytes more were not kept\n"] if lost else []
    if seconds is not None:
        told.append(f"nebulxc: ended after {seconds:.0f} s\n")
    return "".join(told).encode()
