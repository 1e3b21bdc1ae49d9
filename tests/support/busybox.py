"""Real LXC containers for tests and benches: one busybox root for all of them, always cleaned up.

Everything made here carries a prefix of its own, so that several runs on one machine do not meet:
`Busybox` is a context manager, and what it started is gone when it ends.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BUSYBOX = Path("/bin/busybox")
CGROUPS = Path("/sys/fs/cgroup")
_TIMEOUT_S = 180
_BASE_CONFIG = """\
lxc.uts.name = {host}
lxc.rootfs.path = dir:{rootfs}
lxc.rootfs.managed = 0
lxc.mount.auto = proc:mixed sys:ro
lxc.mount.entry = none tmp tmpfs mode=1777 0 0
lxc.tty.max = 0
lxc.pty.max = 8
lxc.signal.halt = SIGUSR1
lxc.signal.reboot = SIGTERM
lxc.apparmor.profile = unconfined
"""
VETH = ("lxc.net.0.type = veth", "lxc.net.0.flags = up", "lxc.net.0.name = eth0")
"""A NIC whose other end hangs free on the host."""
NO_NETWORK = ("lxc.net.0.type = empty",)


def run(*argv: str, check: bool = True, timeout: float = _TIMEOUT_S) -> str:
    """Run a command, give its standard output; its standard error is in the failure."""
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False
    )
    if check and done.returncode != 0:
        raise AssertionError(
            f"{argv} gave {done.returncode}: {done.stderr.decode(errors='replace')}"
        )
    return done.stdout.decode(errors="replace")


def until(condition: Callable[[], object], what: str, timeout: float = 120.0) -> None:
    """Wait for `condition`; an AssertionError naming `what` when it does not come."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s in vain for {what}")
        time.sleep(0.005)


def obeys(init: int) -> bool:
    """Whether this init, busybox's, heeds signals by now: what comes before, the kernel drops."""
    caught = Path(f"/proc/{init}/status").read_text().partition("SigCgt:")[2].split()[0]
    return bool(int(caught, 16) >> (signal.SIGTSTP - 1) & 1)  # the others it has blocked by then


class Container:
    """One container of a `Busybox`. `pid` is its init's while it runs."""

    def __init__(self, name: str, lxc_path: Path) -> None:
        self.name, self.lxc_path = name, lxc_path
        self.pid = 0

    def start(self) -> "Container":
        """Start it and wait until LXC says that it runs."""
        log = self.lxc_path / self.name / "log"
        run("lxc-start", "-P", str(self.lxc_path), "-n", self.name, "-l", "ERROR", "-o", str(log))
        self.pid = self._init()
        assert self.pid, f"{self.name} ended at once: {log}"
        return self

    def stop(self) -> None:
        """Kill it and wait until its monitor is gone too."""
        if not (monitor := self.monitor()):  # it may have rebooted
            self.pid = self._init()
            monitor = self.monitor()
        run("lxc-stop", "-P", str(self.lxc_path), "-n", self.name, "-k", check=False)
        _ended(monitor)
        self.pid = 0

    def monitor(self) -> int:
        """The process that LXC keeps for it; 0 when it does not run."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_bytes()
        except OSError:
            return 0
        return int(stat[stat.rfind(b")") + 1 :].split()[1])

    def attach(self, *argv: str, check: bool = True) -> str:
        """Run a command inside, to its end."""
        return run(*self._attached(argv), check=check)

    @contextlib.contextmanager
    def attached(
        self, *argv: str, stdin: int = subprocess.DEVNULL
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A command that runs inside during the block and is killed at its end."""
        process = subprocess.Popen(
            self._attached(argv),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            # What lxc-attach started outlives it, and holds the pipe.
            for pid in _descendants(process.pid):
                with contextlib.suppress(ProcessLookupError):  # it ended by itself
                    os.kill(pid, signal.SIGKILL)
            process.kill()
            process.communicate(timeout=_TIMEOUT_S)

    def freeze(self) -> None:
        """Freeze it as LXC does."""
        run("lxc-freeze", "-P", str(self.lxc_path), "-n", self.name)

    def unfreeze(self) -> None:
        """Let it go on."""
        run("lxc-unfreeze", "-P", str(self.lxc_path), "-n", self.name)

    def cgroup(self, controller: str) -> Path:
        """Its directory of a v1 controller of this machine, or of the v2 tree ("unified")."""
        return CGROUPS / controller / f"lxc.payload.{self.name}"

    def _init(self) -> int:
        """Its init's process id; 0 when it does not run."""
        return int(run("lxc-info", "-P", str(self.lxc_path), "-n", self.name, "-pH").strip() or 0)

    def _attached(self, argv: Sequence[str]) -> list[str]:
        path, name = str(self.lxc_path), self.name
        return ["lxc-attach", "-P", path, "-n", name, "--clear-env", "--", *argv]


class Busybox:
    """The containers of one run."""

    def __init__(self, prefix: str = "nxt") -> None:
        if not BUSYBOX.exists() or b"dynamically" in _file_kind():
            raise AssertionError("needs a static busybox: apt-get install busybox-static")
        # An unprivileged container cannot reach into a 0700 directory.
        self.base = Path(tempfile.mkdtemp(prefix=f"nebulxc-{prefix}-", dir="/var/tmp"))
        self.base.chmod(0o711)
        self.prefix = f"{prefix}{os.getpid():x}{time.monotonic_ns() % 0xFFFF:x}"
        self.lxc_path = self.base / "lxc"
        self.lxc_path.mkdir(mode=0o711)
        self.rootfs = _rootfs(self.base / "rootfs")
        self._made: list[Container] = []

    def __enter__(self) -> "Busybox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def name(self, name: str) -> str:
        """`name` as no other run has it."""
        return f"{self.prefix}-{name}"

    def define(self, name: str, *lines: str, exact: bool = False) -> Container:
        """A container that does not run yet; `lines` are added to its configuration."""
        full = name if exact else self.name(name)
        directory = self.lxc_path / full
        directory.mkdir(mode=0o711)
        host = "".join(c if c.isalnum() else "-" for c in full)[:32]
        config = _BASE_CONFIG.format(host=host, rootfs=self.rootfs)
        if not any(line.startswith("lxc.net.") for line in lines):
            lines = (*NO_NETWORK, *lines)
        (directory / "config").write_text(config + "\n".join(lines) + "\n", encoding="utf-8")
        container = Container(full, self.lxc_path)
        self._made.append(container)
        return container

    def start(self, name: str, *lines: str, exact: bool = False) -> Container:
        """Define a container and start it."""
        return self.define(name, *lines, exact=exact).start()

    def start_many(self, names: Iterable[str], *lines: str) -> list[Container]:
        """Define and start many, a few at a time."""
        defined = [self.define(name, *lines) for name in names]
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(Container.start, defined))

    def destroy(self, container: Container) -> None:
        """Stop it and remove all of it."""
        container.stop()
        _clear_cgroups(container.name)
        shutil.rmtree(container.lxc_path / container.name)
        self._made.remove(container)

    def close(self) -> None:
        """Stop and remove everything."""
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(Container.stop, self._made))
        for container in self._made:
            _clear_cgroups(container.name)
        self._made.clear()
        shutil.rmtree(self.base)


def _file_kind() -> bytes:
    # A dynamic executable names its interpreter near the start.
    return b"dynamically" if b"ld-linux" in BUSYBOX.read_bytes()[:4096] else b"static"


def _rootfs(directory: Path) -> Path:
    for name in ("bin", "sbin", "etc", "proc", "sys", "dev", "tmp", "root", "mnt", "var/run"):
        (directory / name).mkdir(mode=0o755, parents=True, exist_ok=True)
    directory.chmod(0o755)
    shutil.copy2(BUSYBOX, directory / "bin/busybox")
    for applet in run(str(BUSYBOX), "--list").split():
        if applet != "busybox":
            (directory / "bin" / applet).symlink_to("busybox")
    (directory / "sbin/init").symlink_to("../bin/busybox")
    (directory / "etc/inittab").write_text("::sysinit:/bin/true\n")
    (directory / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    return directory


def _descendants(pid: int) -> list[int]:
    """Its children and theirs, the deepest first."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    found = [int(child) for child in children]
    return [lower for child in found for lower in _descendants(child)] + found


def _ended(pid: int) -> None:
    """Wait for a process that is not our child; end it when it does not end by itself."""
    if pid <= 1:
        return
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with os.fdopen(fd):
        end = select.poll()
        end.register(fd, select.POLLIN)
        if not end.poll(60_000):
            signal.pidfd_send_signal(fd, signal.SIGKILL)
            end.poll(60_000)


def _clear_cgroups(name: str) -> None:
    """Remove what a killed monitor left behind: the cgroups of this container alone."""
    for hierarchy in [CGROUPS, *CGROUPS.iterdir()]:
        for kind in ("payload", "monitor"):
            for suffix in ("", "-1", "-2", "-3"):
                top = hierarchy / f"lxc.{kind}.{name}{suffix}"
                if top.is_dir():
                    for directory, _, _ in os.walk(top, topdown=False):
                        with contextlib.suppress(OSError):
                            os.rmdir(directory)
