"""Processes we start: known by pid, start time and boot, ended through a pidfd, never by name.

Two kinds. `run` is for a step: it ends with us, however we end. `Service` is for what stays
(QEMU, ssh's master connection, Ceph's daemons): it writes its own record before it becomes
the program, so that there is no moment in which a killed run leaves something unrecorded.
"""

import errno
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

BOUND = ("setpriv", "--pdeathsig", "KILL", "--")
"""In front of a command: the kernel ends it when its parent ends, even by SIGKILL."""

# exec keeps pid and start time: what the shell writes of itself is true of the program.
RECORD_AND_EXEC = """
{ echo $$; cut -d' ' -f22 /proc/$$/stat; cat /proc/sys/kernel/random/boot_id; } > "$0.new"
mv "$0.new" "$0" && exec "$@"
"""


class CommandError(Exception):
    """A command failed; says which, how, and what it printed last."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A process as it cannot be confused with a later one of the same pid."""

    pid: int
    start_ticks: int
    boot_id: str


def run(
    *argv: str,
    stdin: bytes | None = None,
    quiet: bool = True,
    timeout: float | None = None,
    env: dict[str, str] | None = None,
) -> str:
    """Run a command to its end; its standard output. Raises CommandError unless it returns 0.

    `quiet` keeps its output for the error; otherwise it goes where ours goes.
    """
    output = subprocess.PIPE if quiet else None
    try:
        done = subprocess.run(
            [*BOUND, *argv],
            input=b"" if stdin is None else stdin,
            stdout=output,
            stderr=output,
            timeout=timeout,
            env=None if env is None else {**os.environ, **env},
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        raise CommandError(
            f"{argv[0]}: no end after {timeout:.0f} s: {' '.join(argv)}"
        ) from expired
    if done.returncode:
        raise CommandError(_explain(argv, done.returncode, done.stdout, done.stderr))
    return (done.stdout or b"").decode(errors="replace")


def stream(
    argv: Sequence[str], log: Path, *, cwd: Path | None = None, env: dict[str, str] | None = None
) -> int:
    """Run a command whose output goes where ours goes, and into `log`; its status."""
    out, err = subprocess.PIPE, subprocess.STDOUT
    with (
        log.open("wb") as kept,
        subprocess.Popen(argv, stdout=out, stderr=err, cwd=cwd, env=env) as process,
    ):
        try:
            _copy(process.stdout, kept, sys.stdout.buffer)
        except BaseException:
            process.kill()
            raise
    return process.returncode


def _copy(source: IO[bytes] | None, *targets: IO[bytes]) -> None:
    """Everything as it comes, until the source ends."""
    while part := os.read(source.fileno(), 65536) if source else b"":
        for target in targets:
            target.write(part)
            target.flush()


def _explain(argv: Sequence[str], status: int, stdout: bytes | None, stderr: bytes | None) -> str:
    text = ((stderr or b"") + (stdout or b"")).decode(errors="replace").strip()
    last = "\n".join(text.splitlines()[-15:])
    return f"{' '.join(argv)[:300]}: status {status}" + (f"\n{last}" if last else "")


def identify(pid: int) -> Identity | None:
    """The identity of a living process, or None."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state == "Z" else Identity(pid, int(fields[18]), _boot_id())


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


@dataclass(frozen=True, slots=True)
class Service:
    """A lasting process, known by its record file (pid, start time, boot: one per line)."""

    record: Path
    log: Path

    def start(self, argv: Sequence[str], *, bound: bool, env: dict[str, str] | None = None) -> None:
        """Start it, and return once it is on record. Its output goes to the log.

        `bound` ties its life to ours.
        """
        self.record.unlink(missing_ok=True)
        launch = ["/bin/sh", "-c", RECORD_AND_EXEC, str(self.record), *argv]
        argv = [*BOUND, *launch] if bound else launch
        append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        # Not Popen: it would want to be kept and waited for, and this process outlives us.
        pid = os.posix_spawnp(
            argv[0],
            argv,
            {**os.environ, **(env or {})},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(self.log), append, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
                *_inherited(),
            ],
            setsid=True,
        )
        self._wait_for_record(pid)

    def _wait_for_record(self, pid: int) -> None:
        """Before that, nobody could tell that it runs."""
        while not self.record.exists():
            if os.waitpid(pid, os.WNOHANG) != (0, 0) and not self.record.exists():
                raise CommandError(f"it ended before it began: {self.said()}")
            time.sleep(0.01)

    def said(self) -> str:
        """The end of its log: the log itself may be gone when its user reads an error."""
        try:
            return self.log.read_text(encoding="utf-8", errors="replace")[-1000:].strip()
        except FileNotFoundError:
            return ""

    def identity(self) -> Identity | None:
        """The living process of the record; None when there is none or the pid is another's."""
        try:
            pid, start, boot = self.record.read_text(encoding="ascii").split()
        except (OSError, ValueError):
            return None
        recorded = Identity(int(pid), int(start), boot)
        return recorded if identify(recorded.pid) == recorded else None

    @contextmanager
    def _open(self) -> Iterator[tuple[int, int] | None]:
        """(pidfd, pid) of the process; None when it does not live."""
        identity = self.identity()
        if identity is None:
            yield None
            return
        try:
            pidfd = os.pidfd_open(identity.pid)
        except OSError as error:
            if error.errno not in (errno.ESRCH, errno.EINVAL):  # gone, or being taken apart
                raise
            yield None
            return
        try:
            # The pid could have become another's between reading and opening.
            yield (pidfd, identity.pid) if self.identity() == identity else None
        finally:
            os.close(pidfd)

    def signal(self, number: int) -> None:
        """Send a signal to it, if it lives."""
        with self._open() as process:
            if process:
                _send(process[0], number)

    def wait(self, patience: float) -> bool:
        """Whether it is gone, waiting up to `patience` seconds for that."""
        with self._open() as process:
            return process is None or _ended(*process, patience)

    def end(self, grace: float = 10.0) -> None:
        """SIGTERM, then SIGKILL after `grace` seconds; returns when it is gone."""
        with self._open() as process:
            if process:
                _send(process[0], signal.SIGTERM)
                if not _ended(*process, grace):
                    _send(process[0], signal.SIGKILL)
                    if not _ended(*process, 60.0):
                        raise CommandError(f"process {process[1]} does not end, even by SIGKILL")
        self.record.unlink(missing_ok=True)


def _inherited() -> Iterator[tuple[int, int]]:
    """Closes what we were started with: our caller's lock would be held as long as QEMU runs."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            yield os.POSIX_SPAWN_CLOSE, int(name)


def _send(pidfd: int, number: int) -> None:
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, number)


def _ended(pidfd: int, pid: int, patience: float) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    if not poll.poll(patience * 1000):
        return False
    with suppress(ChildProcessError):  # ours when we started it, another run's otherwise
        os.waitpid(pid, os.WNOHANG)
    return True
