"""Makes one effect of a process fail, or kills the process there. Only a test arms it.

The effects are not listed by hand. Python's audit events tell of every file opened for writing,
made, renamed or removed, every fork, program, ioctl, lock and message on a socket: all count but
those in READING, so that a new kind counts by itself. What they do not tell of is counted where it
leaves Python: every function of libc that `vmm.mounting.mounts` calls, every function of
`vmm.lxc.liblxc`, writes, syncs and signals. A text written through a file object is counted as the
opening of that descriptor. A test installation's own entry programs call `arm`, which reads
`faults.json` beside them; nothing in the product knows of it.
"""

import contextlib
import ctypes
import errno
import json
import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

READING = frozenset(
    {
        "builtins.id",
        "code.__new__",
        "compile",
        "ctypes.dlsym",
        "ctypes.get_errno",
        "ctypes.set_errno",
        "exec",
        "import",
        "marshal.loads",
        "object.__delattr__",
        "object.__getattr__",
        "object.__setattr__",
        "os.listdir",
        "os.scandir",
        "os.walk",
        "shutil.rmtree",
        "socket.__new__",
        "sys._getframe",
        "time.sleep",
    }
)
"""What changes nothing outside of the process; rmtree tells of each of its removals, too."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
UNTOLD = ((os, "write"), (os, "fsync"), (signal, "pidfd_send_signal"))
"""What Python has no audit event for."""
INFALLIBLE = frozenset({"prctl", "setfsgid", "setfsuid"})
"""They do not tell whether they failed, and for root they do not."""
PIPE = "to a pipe"
CODE = errno.EL3HLT
INJECTED = os.strerror(CODE)
"""An error that Linux itself does not give: where it is shown, it is ours."""

_write = os.write


class Faults:
    """Counts the effects of this process; at the wanted one it strikes."""

    def __init__(self, process: str, base: Path) -> None:
        # Opened once: in a container's mount namespace there is no such path, nor may its ids go.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self.counts = os.open(base / f"effects.{process}", flags, 0o600)
        self._file = os.fstat(self.counts)
        self._struck = os.open(base / "struck", flags, 0o600)
        wanted = json.loads((base / "faults.json").read_text())
        self.mode = wanted["mode"] if wanted["process"] == process else ""
        self.at = wanted["at"]
        self.branch, self.seen = "", 0
        os.register_at_fork(after_in_child=self._branch_off)

    def effect(self, name: str) -> None:
        """One effect is about to happen."""
        if not self._open():
            return
        self.seen += 1
        number = f"{self.branch}{self.seen}"
        _write(self.counts, f"{number} {name}\n".encode())
        if number == self.at and self.mode and self._first():
            if self.mode == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(CODE, INJECTED, name)

    def _open(self) -> bool:
        """A process that means to outlive the action closes all that it did not open itself."""
        with contextlib.suppress(OSError):
            return os.path.samestat(os.fstat(self.counts), self._file)
        return False

    def _branch_off(self) -> None:
        """In a forked child: its effects are 7.1, 7.2 … after its parent's seventh."""
        self.branch, self.seen = f"{self.branch}{self.seen}.", 0

    def _first(self) -> bool:
        """Whether nothing struck yet: on a reboot a hook runs for the second time."""
        self.at = ""
        if os.fstat(self._struck).st_size:
            return False
        _write(self._struck, b".")
        return True

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """What Python tells before it does something."""
        if event == "open":
            flags = arguments[2]
            if isinstance(flags, int) and flags & WRITING and arguments[0] is not None:
                self.effect(f"open {_short(arguments[0])}")
        elif event not in READING:
            self.effect(f"{event} {_short(arguments[0]) if arguments else ''}")


def _short(value: object) -> str:
    return os.path.basename(value) if isinstance(value, str) else type(value).__name__


class _Calls:
    """libc with every call counted; one that fails says so as libc does."""

    def __init__(self, libc: Any, faults: Faults) -> None:
        self._libc, self._faults = libc, faults

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._libc, name)

        def call(*arguments: Any) -> Any:
            number = getattr(arguments[0], "value", "")
            try:
                self._faults.effect(f"{name} {number}")
            except OSError:
                if name not in INFALLIBLE:
                    ctypes.set_errno(CODE)
                    return -1
            return function(*arguments)

        return call


def _is_of(value: object, module: ModuleType) -> bool:
    return isinstance(value, FunctionType) and value.__module__ == module.__name__


def _counted(faults: Faults, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        faults.effect(f"{function.__name__} {_pipe(*arguments)}")
        return function(*arguments, **named)

    return call


def _pipe(*arguments: object) -> str:
    """Tell a forked child's report to its parent: when that fails, nobody hears why."""
    first = arguments[0] if arguments else None
    return PIPE if isinstance(first, int) and stat.S_ISFIFO(os.fstat(first).st_mode) else ""


def arm(process: str, base: str) -> None:
    """Count the effects of this process from now on, and strike if `faults.json` says so."""
    from vmm.lxc import liblxc
    from vmm.mounting import mounts

    sys.dont_write_bytecode = True  # it would be effects of the first run alone
    faults = Faults(process, Path(base))
    own = [(liblxc, name) for name, value in vars(liblxc).items() if _is_of(value, liblxc)]
    for module, name in (*UNTOLD, *own):
        setattr(module, name, _counted(faults, getattr(module, name)))
    mounts._libc = _Calls(mounts._libc, faults)  # type: ignore[assignment]  # stands in for libc
    sys.addaudithook(faults.audit)
