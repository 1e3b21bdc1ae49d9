"""A command that OpenNebula runs inside a container: begun here, watched by a process of its own.

OpenNebula's exec only begins a command; a probe tells it the outcome later (EXEC_VM). So a
runner outlives the action, and writes the outcome where the probe finds it: `exec.json` in the
container's directory, readable for the group of the journal.
"""

import base64
import contextlib
import json
import os
import signal
import time
from collections.abc import Callable

from vmm import attempt, lock, process
from vmm.errors import DriverError
from vmm.lean.value import Value, asdict, replace
from vmm.lxc import monitor
from vmm.state import State
from vmm.undo import Undo

FILE = "exec.json"
MODE = 0o640
RUNNING, DONE = "RUNNING", "DONE"
VARIABLE = "NEBULXC_EXEC"
"""In the environment of the command and of what it starts: so that all of it can be ended."""
KILL_SECONDS = 10.0
CLEAN_LOOKS, LOOK_SECONDS = 2, 0.02
"""One look is not enough: a list of processes is no snapshot, a child may be born behind it."""
TOLD_BYTES = 400
LOCK_SECONDS = 300.0


class Outcome(Value):
    """How a command ended. Output is what fits of it, as bytes; `status` as a shell's `$?`."""

    status: int
    output: bytes
    errors: bytes


class Record(Value):
    """The last command of a container: begun, and when it is done its outcome, in base64."""

    id: str
    status: str
    runner: int
    started: int | None
    boot_id: str
    return_code: int | None = None
    stdout: str = ""
    stderr: str = ""
    ended_ms: int | None = None
    """CLOCK_REALTIME."""


def last(state: State) -> Record | None:
    """The last command; None when there was none, or it was cancelled."""
    found = state.read(FILE)
    return Record(**found) if found else None


def runs(record: Record | None) -> bool:
    """Whether the command has not ended."""
    if record is None or record.status != RUNNING or record.boot_id != attempt.boot_id():
        return False
    with process.held(record.runner, record.started) as pidfd:
        return pidfd is not None


def begin(state: State, group: int, work: Callable[[str], Outcome]) -> None:
    """Have `work` run in a process of its own, which keeps what it gives; returns at once.

    It gets the id of the execution, the value of VARIABLE. The caller holds the container's lock.
    """
    if runs(last(state)):
        raise DriverError(
            f"{state.name} still runs the command before this one", "wait for it, or cancel it"
        )
    begun = os.urandom(8).hex()
    told, go_on = os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC)
    try:
        child = os.fork()
        if child == 0:
            _detach(told[1], go_on[0], lambda: _run(state, group, begun, work))
        os.close(told[1])
        os.waitpid(child, 0)
        with Undo() as undo:
            undo.add("forget the command", lambda: state.discard(FILE))
            _keep(state, group, _started(begun, _runner(os.read(told[0], TOLD_BYTES))))
            os.write(go_on[1], b".")  # without it the runner ends
            undo.commit()
    finally:
        for fd in (told[0], *go_on):
            os.close(fd)


def _runner(said: bytes) -> int:
    """The pid of the runner, who says it when it is ready, or why it is not."""
    try:
        return int(said)
    except ValueError:
        reason = said.decode(errors="replace") or "it died"
        raise DriverError(f"cannot start a process for the command: {reason}") from None


def cancel(state: State) -> None:
    """End the command with all that it has started, and forget it; DriverError when one is left."""
    record = last(state)
    if record is None:
        return
    if record.boot_id == attempt.boot_id():
        end(record.id, record.runner if runs(record) else 0)
    state.discard(FILE)


def end(begun: str, runner: int = 0) -> None:
    """Kill the runner, with which its children die, and what carries the id of this execution."""
    deadline = time.monotonic() + KILL_SECONDS
    below = process.descendants(runner) if runner else []
    monitor.kill_all([*([runner] if runner else []), *below], KILL_SECONDS)
    clean = 0
    while clean < CLEAN_LOOKS:
        left = process.with_variable(VARIABLE, begun)
        monitor.kill_all(left, KILL_SECONDS)
        clean = 0 if left else clean + 1
        time.sleep(LOOK_SECONDS)
        if left and time.monotonic() > deadline:
            raise DriverError(
                f"{len(left)} processes of the command cannot be killed: {left[:5]}",
                "they are frozen, or hang in the kernel",
            )


def _run(state: State, group: int, begun: str, work: Callable[[str], Outcome]) -> None:
    """The runner: the work, then its outcome, unless it was cancelled or the container is gone."""
    outcome = work(begun)
    with lock.exclusive(state.lock, LOCK_SECONDS, state.name):
        record = last(state)
        if record is not None and record.id == begun:
            done = replace(
                record,
                status=DONE,
                return_code=outcome.status,
                stdout=base64.b64encode(outcome.output).decode(),
                stderr=base64.b64encode(outcome.errors).decode(),
                ended_ms=time.time_ns() // 1_000_000,
            )
            _keep(state, group, done)


def _keep(state: State, group: int, record: Record) -> None:
    state.write_text(FILE, json.dumps(asdict(record)), MODE, group)


def _detach(told: int, go_on: int, work: Callable[[], None]) -> None:
    """The child: leave a process behind that does the work once it is told to, and end."""
    with contextlib.suppress(BaseException):
        try:
            os.setsid()
            if os.fork() == 0:
                _be_alone(told, go_on)
                os.write(told, str(os.getpid()).encode())
                os.close(told)
                if os.read(go_on, 1):
                    work()
        except Exception as error:
            os.write(told, str(error).encode()[:TOLD_BYTES])
    os._exit(0)


def _be_alone(told: int, go_on: int) -> None:
    """Hold nothing of the action's: ssh waits for its pipes, the next action for its lock."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGALRM, signal.SIGIO):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    first, second = sorted((told, go_on))
    os.closerange(3, first)
    os.closerange(first + 1, second)
    os.closerange(second + 1, os.sysconf("SC_OPEN_MAX"))


def _started(begun: str, runner: int) -> Record:
    return Record(begun, RUNNING, runner, process.start_time(runner), attempt.boot_id())
