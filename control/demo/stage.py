"""Puts a demo up and takes it down, also what a killed one left behind."""

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from control.demo import definition, rootfs
from control.demo.definition import DemoContainer
from control.problem import Problem
from vmm import process
from vmm.errors import CommandError, DriverError
from vmm.host import Host

CGROUPS = Path("/sys/fs/cgroup")
LOCKS = Path("/run")
_NETWORK_CLASS = Path("/sys/class/net")
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 30.0


@contextlib.contextmanager
def running(demo: str, host: Host, base: Path = definition.BASE) -> Iterator[list[str]]:
    """The demo's containers run during this block; their names. Nothing is left after it."""
    check(demo)
    with _held(demo):
        try:
            _put_up(demo, host, base)
            yield [container.name for container in definition.containers(demo, base)]
        finally:
            clear(demo, host, base)


def check(demo: str) -> None:
    """Refuse a name that is no name, and a host that cannot run containers."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,13}", demo):
        raise Problem(f"{demo!r} cannot name a demo: a-z, 0-9 and -, at most 14 characters")
    if shutil.which("lxc-start") is None:
        raise Problem("LXC is not installed: apt-get install lxc")


def clear(demo: str, host: Host, base: Path = definition.BASE) -> None:
    """Remove containers, bridge and files of the demo, whatever state they are in."""
    for container in definition.containers(demo, base):
        _stop(container, host)
        _remove_cgroups(container.name)
    link = definition.bridge(demo)
    try:
        if (_NETWORK_CLASS / link / "bridge").exists():
            host.run("ip", "link", "delete", link)
    except DriverError as error:
        raise Problem(f"the demo's bridge {link} is left behind: {error}") from error
    finally:
        shutil.rmtree(base / demo, ignore_errors=True)


@contextlib.contextmanager
def _held(demo: str) -> Iterator[None]:
    """One demo of a name at a time. The kernel lets go of the lock of a killed process."""
    with open(LOCKS / f"nebulxc-demo.{demo}.lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            what = f"the demo {demo} already runs: end it first, with Ctrl-C where it runs"
            raise Problem(what) from None
        yield


def _put_up(demo: str, host: Host, base: Path) -> None:
    try:
        clear(demo, host, base)
        _start(demo, host, base)
    except DriverError as error:
        raise Problem(f"cannot start the demo: {error}") from error


def _start(demo: str, host: Host, base: Path) -> None:
    link = definition.bridge(demo)
    host.run("ip", "link", "add", link, "type", "bridge")
    host.run("ip", "link", "set", link, "up")
    for container in definition.containers(demo, base):
        rootfs.build(container, host)
        config = container.directory / "config"
        config.write_text(definition.lxc_config(container, link, CGROUPS), encoding="utf-8")
        _lxc_start(container, host)


def _lxc_start(container: DemoContainer, host: Host) -> None:
    log = ("--logpriority", "WARN", "--logfile", str(container.log))
    daemon = ("--daemon", "--pidfile", str(container.pid_file))
    try:
        host.run(*_lxc("lxc-start", container), *daemon, *log, timeout=_START_TIMEOUT_S)
    except CommandError as error:
        raise Problem(f"cannot start {container.name}: {_why(container) or error}") from error


def _lxc(command: str, container: DemoContainer) -> tuple[str, ...]:
    return (command, "--name", container.name, "--lxcpath", str(container.directory.parent))


def _why(container: DemoContainer) -> str:
    """The first error in LXC's log: the later ones are its consequences."""
    try:
        lines = container.log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition("ERROR")[2].strip() for line in lines if " ERROR " in line), "")


def _stop(container: DemoContainer, host: Host) -> None:
    """Kill the container and wait for its monitor: only then is nothing of it in use."""
    if not container.directory.is_dir():
        return
    with contextlib.suppress(DriverError):  # it does not run
        host.run(*_lxc("lxc-stop", container), "--kill", timeout=_STOP_TIMEOUT_S)
    with process.held(_monitor(container)) as monitor:
        if monitor is not None and not process.ended(monitor, _STOP_TIMEOUT_S):
            process.kill(monitor)


def _monitor(container: DemoContainer) -> int:
    """The monitor's process id, -1 where there is none or the number is now another's."""
    try:
        pid = int(container.pid_file.read_text(encoding="ascii"))
        title = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return -1
    ours = title.startswith("[lxc monitor]") and title.rstrip("\0").endswith(f" {container.name}")
    return pid if ours else -1


def _remove_cgroups(name: str) -> None:
    """What a monitor that was killed leaves; the kernel refuses to remove one that is in use."""
    ours = re.compile(rf"lxc\.(monitor|payload)\.{re.escape(name)}(-\d+)?")
    for tree in (CGROUPS, *CGROUPS.iterdir()):
        if tree.is_dir():
            for entry in list(os.scandir(tree)):
                if ours.fullmatch(entry.name):
                    with contextlib.suppress(OSError):
                        os.rmdir(entry.path)
