"""OpenNebula's own client of the same host id: a host that changes its IM_MAD has one client.

Nobody stops the client of the former IM_MAD: monitord asks the new one's scripts to. So ours ends
OpenNebula's when it starts, and ends itself when OpenNebula's writes its process id where both do.
"""

import contextlib
import os
import select
import signal
import tempfile
from pathlib import Path

from collector.pidfd import opened

DIRECTORY = Path(tempfile.gettempdir())
"""Where OpenNebula's control script keeps one-monitord-HID.pid: /tmp, unless TMPDIR says so."""
PROC = Path("/proc")
SCRIPT = b"monitord-client.rb"
GRACE_MS = 3000


class Claim:
    """The file that names a host's client."""

    def __init__(self, host_id: int, directory: Path = DIRECTORY) -> None:
        self._host_id = host_id
        self._path = directory / f"one-monitord-{host_id}.pid"

    def take(self) -> None:
        """End OpenNebula's client of this host, and be the one that the file names."""
        for pid in rivals(self._host_id):
            _end(pid)
        # Somebody else's file in /tmp cannot be replaced: then it tells nothing.
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
            with os.fdopen(fd, "w", encoding="ascii") as file:
                file.write(f"{os.getpid()}\n")

    def is_lost(self) -> bool:
        """Whether the file names another client of this host, and that one runs."""
        try:
            if self._path.stat().st_uid not in (0, os.geteuid()):
                return False
            named = self._path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            return False
        return named.isdigit() and _host_of(_command(PROC / named)) == self._host_id

    def give_back(self) -> None:
        """Remove the file, unless it names somebody else."""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if self._path.read_text("ascii").strip() == str(os.getpid()):
                self._path.unlink()


def rivals(host_id: int) -> set[int]:
    """The processes `ruby …/monitord-client.rb NAME HID HOST` of this host id."""
    pids = (name for name in os.listdir(PROC) if name.isdigit())
    return {int(pid) for pid in pids if _host_of(_command(PROC / pid)) == host_id}


def _host_of(words: list[bytes]) -> int | None:
    for place, word in enumerate(words[:-2]):
        if os.path.basename(word) == SCRIPT:
            host = words[place + 2]
            return int(host) if host.isdigit() else None
    return None


def _command(process: Path) -> list[bytes]:
    try:
        return (process / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return []


def _end(pid: int) -> None:
    """Politely, then not; one that is not ours to end is left alone."""
    fd = opened(pid)
    if fd is None:
        return
    with os.fdopen(fd), contextlib.suppress(ProcessLookupError, PermissionError):
        ended = select.poll()
        ended.register(fd, select.POLLIN)
        for number in (signal.SIGTERM, signal.SIGKILL):
            signal.pidfd_send_signal(fd, number)
            if ended.poll(GRACE_MS):
                return
