"""The only door for commands: argument lists, no shell, nothing on stdin, a bounded time."""

import os
import signal
import subprocess
from collections.abc import Mapping

from vmm.errors import CommandError, DriverError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_TIMEOUT = 30.0


class Host:
    """Runs programs on this machine. Tests pass one that records or fails."""

    def run(
        self,
        *argv: str,
        timeout: float = DEFAULT_TIMEOUT,
        env: Mapping[str, str] | None = None,
        remedy: str = "",
    ) -> str:
        """What the program wrote to stdout; CommandError when it fails or takes too long.

        It gets a fixed PATH and the C locale, `env` beside them, and nothing of ours.
        """
        try:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={"PATH": PATH, "LC_ALL": "C", **(env or {})},
                start_new_session=True,
            )
        except OSError as error:
            raise DriverError(
                f"cannot run {argv[0]}: {error.strerror}", remedy or f"install {argv[0]}"
            ) from error
        with child:
            return _finish(child, argv, timeout, remedy)


def _finish(
    child: subprocess.Popen[bytes], argv: tuple[str, ...], timeout: float, remedy: str
) -> str:
    try:
        out, err = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as error:
        _kill(child)
        raise CommandError(argv, None, "", remedy) from error
    except BaseException:
        _kill(child)
        raise
    if child.returncode:
        raise CommandError(argv, child.returncode, err.decode(errors="replace"), remedy)
    return out.decode(errors="replace")


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the program with what it started; a daemon of its own session is not reached."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
