"""A real container of a test."""

import os
import re
import subprocess
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from boxes.shell import sh, until

LXC_PATH = Path("/var/lib/lxc")
CGROUPS = Path("/sys/fs/cgroup")
# Generated profiles cost 4 s each to load on an emulated processor.
UNCONFINED = "lxc.apparmor.profile = unconfined"


@dataclass
class Box:
    """A container of a test."""

    name: str
    root: str
    log: Path
    children: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        sh(f"lxc-start -n {self.name} -l WARN -o {self.log} || {{ cat {self.log} >&2; exit 1; }}")

    def running_pid(self) -> int:
        """Its init's pid on the host; 0 while it does not run."""
        said = sh(f"lxc-info -n {self.name} -pH", check=False).strip()
        return max(int(said), 0) if said.lstrip("-").isdigit() else 0

    @property
    def init_pid(self) -> int:
        """Its init's pid on the host; fails when it does not run."""
        pid = self.running_pid()
        assert pid > 0, f"{self.name} does not run"
        return pid

    @property
    def cgroup(self) -> Path:
        """LXC's cgroup of the container; systemd's init is in one below."""
        path = Path(f"/proc/{self.init_pid}/cgroup").read_text("ascii").strip().partition("::")[2]
        return CGROUPS / path.split("/")[1]

    def file(self, name: str) -> str:
        return (self.cgroup / name).read_text(encoding="ascii")

    def limit(self, name: str, value: str) -> None:
        (self.cgroup / name).write_text(value, encoding="ascii")

    def run(self, command: str, *, timeout: float = 600, check: bool = True) -> str:
        """A shell command in the container."""
        script = command.replace("'", "'\\''")
        # clear-env: systemd's tools look at where they were called from
        attach = f"lxc-attach -n {self.name} --clear-env -- /bin/sh -c '{script}'"
        return sh(attach, timeout=timeout, check=check)

    def spawn(self, command: str) -> subprocess.Popen[bytes]:
        """A command that goes on in the container until the container ends."""
        argv = ["lxc-attach", "-n", self.name, "--clear-env", "--", "/bin/sh", "-c", command]
        quiet = subprocess.DEVNULL
        child = subprocess.Popen(argv, stdin=quiet, stdout=quiet, stderr=quiet)
        self.children.callback(child.wait)
        return child

    def processes(self) -> set[int]:
        """Everything that runs in it, nested cgroups included, by its pid on the host."""
        found: set[int] = set()
        for directory, _, _ in os.walk(self.cgroup):
            with suppress(OSError):  # a service's group goes with the service
                text = Path(directory, "cgroup.procs").read_text("ascii")
                found.update(map(int, text.split()))
        return found

    def process(self, word: str) -> int:
        """The process that has this word in its command line, once there is one.

        Not lxc-attach, which is asked for it: for a moment it is in the container's cgroup too.
        """

        def found() -> int:
            told = ((pid, _command(pid)) for pid in self.processes())
            is_it = (p for p, said in told if word in said and not said.startswith("lxc-attach\0"))
            return next(is_it, 0)

        return until(found)

    def settled(self) -> int:
        """How many processes it has, once that no longer changes (DHCP is done)."""

        def same() -> int:
            before = self.processes()
            time.sleep(3)
            return len(before) if before == self.processes() else 0

        return until(same)

    def address(self) -> str:
        """What its DHCP client was given on lxcbr0."""
        ask = "ip -4 addr show eth0"
        found: list[str] = until(
            lambda: re.findall(r"inet (10\.0\.3\.\d+)", self.run(ask, check=False))
        )
        return found[0]

    def state(self) -> str:
        """What a container's systemd says of itself, once it has booted."""
        ask = "systemctl is-system-running 2>/dev/null"
        booted = {"running", "degraded"}
        return until(lambda: {self.run(ask, check=False).strip()} & booted).pop()

    def stop(self) -> None:
        """End it at once and wait for its monitor, which owns what there is to clean."""
        monitors = sh(f"pgrep -f '^.lxc monitor. {LXC_PATH} {self.name}$'", check=False).split()
        sh(f"lxc-stop -k -n {self.name}", check=False)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in monitors))
        self.children.close()


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


class Make(Protocol):
    """The fixture that makes and starts containers: make("one-7", device="/dev/vg/lv")."""

    def __call__(
        self,
        name: str,
        *,
        root: str = "busybox",
        device: str | None = None,
        config: tuple[str, ...] = (UNCONFINED,),
        start: bool = True,
    ) -> Box: ...
