"""RAW/DATA of type lxc: which of its lines reach a container's configuration. Pure.

Only keys of this list pass, and those that the node's configuration adds. What is left out on
purpose: everything that runs a program on the host or decides what the container may reach
(hooks, mounts, rootfs, idmap, include, apparmor, seccomp, cap, net, cgroup devices, log, init,
and of the sysctls those of kernel and fs: LXC writes them before it gives up its rights).
"""

import re
from collections.abc import Iterable

from vmm.errors import SpecError
from vmm.lean.value import Value
from vmm.policy import NodePolicy, RawPolicy
from vmm.spec import RawLine
from vmm.values import shown

ALLOWED = (
    "lxc.arch",
    "lxc.cgroup.blkio.*",
    "lxc.cgroup.cpu.*",
    "lxc.cgroup.cpuset.*",
    "lxc.cgroup.hugetlb.*",
    "lxc.cgroup.memory.*",
    "lxc.cgroup.pids.*",
    "lxc.cgroup2.cpu.*",
    "lxc.cgroup2.cpuset.*",
    "lxc.cgroup2.hugetlb.*",
    "lxc.cgroup2.io.*",
    "lxc.cgroup2.memory.*",
    "lxc.cgroup2.pids.*",
    "lxc.environment",
    "lxc.prlimit.*",
    "lxc.pty.max",
    "lxc.signal.*",
    "lxc.sysctl.net.*",
    "lxc.tty.max",
)
"""Keys, or beginnings of keys where `.*` stands for one more part or several."""

XPATH = "/VM/TEMPLATE/RAW/DATA"
_LINE = r"(lxc(?:\.[A-Za-z0-9_-]+)+)\s*=\s*(.*)"


class Filtered(Value):
    """The lines that pass, in their order, and what to tell about the others."""

    lines: tuple[RawLine, ...]
    warnings: tuple[str, ...]


def parse(data: str) -> tuple[RawLine, ...]:
    """The lines of RAW/DATA without blank ones and comments; a malformed one is a key alone."""
    lines = (line.strip() for line in data.split("\n"))
    return tuple(_line(line) for line in lines if line and not line.startswith("#"))


def _line(line: str) -> RawLine:
    match = re.fullmatch(_LINE, line)
    return RawLine(match[1], match[2]) if match else RawLine(line, "")


def is_line(line: RawLine) -> bool:
    """Whether LXC would read it as the one key and its value; the value may be empty."""
    whole = f"{line.key} = {line.value}"
    return whole.isprintable() and re.fullmatch(_LINE, whole) is not None


def filtered(lines: Iterable[RawLine], policy: NodePolicy, source: str = XPATH) -> Filtered:
    """The allowed lines; a forbidden one is dropped with a warning, or refused, by policy."""
    kept: list[RawLine] = []
    warnings: list[str] = []
    for line in lines:
        problem = _problem(line, (*ALLOWED, *policy.raw_allow))
        if not problem:
            kept.append(line)
        elif policy.raw is RawPolicy.REFUSE:
            raise SpecError(
                source, problem, "remove the line, or allow its key in driver.raw_allow"
            )
        else:
            warnings.append(f"{source}: {problem}: line left out")
    return Filtered(tuple(kept), tuple(warnings))


def _problem(line: RawLine, allowed: tuple[str, ...]) -> str:
    """What is wrong with the line; "" when it may pass."""
    if not is_line(line):
        return f"{shown(line.key)} is not a line of an LXC configuration"
    if not line.value:
        return f"{line.key} has no value, which would clear what was set before"
    if not any(_matches(line.key, pattern) for pattern in allowed):
        return f"{line.key} is not allowed on this node"
    return ""


def _matches(key: str, pattern: str) -> bool:
    return key.startswith(pattern[:-1]) if pattern.endswith(".*") else key == pattern
