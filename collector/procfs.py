"""What /proc tells of a process: when it started, whose child it is, which number it has inside."""

import os
from dataclasses import dataclass
from pathlib import Path

from collector.files import read_new
from collector.formats import FormatError

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_STATE, _PPID, _START = 0, 1, 19
_INIT = "1"


@dataclass(frozen=True, slots=True)
class Stat:
    """From /proc/PID/stat: state letter, parent, and start in clock ticks since boot."""

    state: str
    ppid: int
    start_ticks: int


def stat(data: bytes) -> Stat:
    """Parse /proc/PID/stat; the process name in parentheses may hold anything, also ")"."""
    words = data[data.rfind(b")") + 1 :].split()
    try:
        return Stat(words[_STATE].decode("ascii"), int(words[_PPID]), int(words[_START]))
    except (IndexError, ValueError):
        raise FormatError(data, "a process's stat") from None


def open_process(root: Path, pid: int) -> int:
    """A descriptor of /proc/PID: safe to keep, it pins nothing and never means another process."""
    return os.open(root / f"proc/{pid}", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def namespace_pids(status: bytes) -> tuple[str, ...]:
    """The process's numbers from /proc/PID/status, the host's first: ("4711", "1") is an init."""
    at = status.find(b"\nNSpid:")
    if at < 0:
        return ()
    return tuple(status[at + 7 : status.find(b"\n", at + 7)].decode("ascii").split())


def parent(status: bytes) -> int:
    """The parent from /proc/PID/status; 0 where it is in no namespace of ours."""
    at = status.find(b"\nPPid:")
    return int(status[at + 6 : status.find(b"\n", at + 6)]) if at >= 0 else 0


def is_init(status: bytes, depth: int = 1) -> bool:
    """Whether this is process 1 of a namespace `depth` below the host's."""
    pids = namespace_pids(status)
    return len(pids) == depth + 1 and pids[-1] == _INIT


def boot_time(root: Path) -> float:
    """When the machine was booted, unix seconds."""
    data = read_new(str(root / "proc/stat"))
    at = data.find(b"\nbtime ")
    if at < 0:
        raise FormatError(data, "a stat with btime", str(root / "proc/stat"))
    return float(data[at + 7 : data.find(b"\n", at + 1)])


def command_line(root: Path, pid: int) -> tuple[bytes, ...]:
    """A process's arguments; () when it is gone or a kernel thread."""
    try:
        data = read_new(f"{root}/proc/{pid}/cmdline")
    except Exception:
        return ()
    return tuple(data.rstrip(b"\0").split(b"\0"))
