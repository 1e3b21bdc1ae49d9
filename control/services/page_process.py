"""The page as the agent's child: another user, started again when it ends, ended with the agent."""

import contextlib
import logging
import pwd
import subprocess
import threading
import time
from collections.abc import Sequence

log = logging.getLogger(__name__)

USER = "nebulxc"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_LIVED_LONG_S = 60.0
_TERM_TIMEOUT_S = 5.0


def as_user(user: str, argv: Sequence[str]) -> list[str]:
    """`argv` run by `user` without any privilege, and killed by the kernel with its parent."""
    found = pwd.getpwnam(user)
    return [
        "setpriv",
        f"--reuid={found.pw_uid}",
        f"--regid={found.pw_gid}",
        "--clear-groups",
        "--bounding-set=-all",
        "--inh-caps=-all",
        "--no-new-privs",
        "--pdeathsig=TERM",
        *argv,
    ]


class PageProcess:
    """Keeps one child running in a thread of its own, until `stop`.

    Each end is logged once, with the pause before the next start: from 1 s, doubling, to 1 min.
    """

    def __init__(self, argv: Sequence[str], stdin: str = "") -> None:
        """`stdin` is what the child finds on its standard input, each time."""
        self._argv = argv
        self._stdin = stdin.encode()
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._keep_running, name="page", daemon=True)

    def start(self) -> None:
        """Start the child, and again whenever it ends."""
        self._thread.start()

    def stop(self) -> None:
        """End the child and do not start it again."""
        with self._guard:
            self._stopping.set()
            child = self._child
        if child is not None:
            child.terminate()
            self._thread.join(_TERM_TIMEOUT_S)
            child.kill()
        self._thread.join()

    def _keep_running(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while (child := self._spawn()) is not None:
            started = time.monotonic()
            child.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - started >= _LIVED_LONG_S:
                pause_s = _FIRST_PAUSE_S
            log.warning("the page ended (%s); starting it again in %g s", _how(child), pause_s)
            if self._stopping.wait(pause_s):
                return
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        """The new child; None when the agent is stopping."""
        with self._guard:
            if self._stopping.is_set():
                return None
            self._child = _started(self._argv, self._stdin)
            return self._child


def _started(argv: Sequence[str], stdin: bytes) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(argv, stdin=subprocess.PIPE, cwd="/", start_new_session=True)
    if child.stdin is not None:
        with contextlib.suppress(BrokenPipeError), child.stdin as pipe:
            pipe.write(stdin)
    return child


def _how(child: subprocess.Popen[bytes]) -> str:
    status = child.returncode
    return f"signal {-status}" if status < 0 else f"exit status {status}"
