"""A Debian on which nothing was installed yet: a root of its own, entered as a machine is.

Not a virtual machine: the kernel and the cgroups are this one's; files, processes and network
are its own. It reaches package registries the way this machine does.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from vm import bootstrap, cache, packages
from vm.process import run
from vm.settings import Release

TOP = Path(__file__).resolve().parents[2]
ENTER = Path(__file__).with_name("enter.sh")
CHECKOUT = "/root/nebulxc"
_ENVIRONMENT = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root")
_NAMESERVER = "10.0.2.3"  # slirp4netns', which asks this machine's


class FreshMachine:
    """The processes of the machine whose first one is `init`."""

    def __init__(self, init: int) -> None:
        self._enter = (
            *("nsenter", "--target", str(init), "--mount", "--net", "--pid", "--root"),
            *("env", "-i", "-C", "/", *_ENVIRONMENT),
        )

    def popen(self, script: str) -> "subprocess.Popen[str]":
        """A shell script, started in the checkout; its output is piped."""
        return subprocess.Popen(
            [*self._enter, "sh", "-c", f"cd {CHECKOUT} && {script}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, script: str, timeout: float = 200) -> str:
        """What a shell script prints; AssertionError with it when the script fails."""
        child = self.popen(script)
        try:
            out, err = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            raise AssertionError(f"{script}: not done in {timeout} s: {out}{err}") from None
        assert child.returncode == 0, f"{script}: {out}{err}"
        return out


@contextlib.contextmanager
def fresh_machine(release: Release) -> Iterator[FreshMachine]:
    """A machine for this block. Its processes, mounts, network and files end with it."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="nebulxc-fresh-") as directory:
        root = Path(directory) / "root"
        bootstrap.unpack(_archive(release), root)
        _hand_in(root, release)
        with _running(root) as init, _network(init):
            yield FreshMachine(init)


def _archive(release: Release) -> Path:
    """Debian's minimal system, as its own installer's smallest choice leaves it."""
    sources = packages.sources(release)
    name = f"fresh-{release.codename}-{cache.key(sources)}.tar.zst"

    return cache.made(name, lambda path: _bootstrap(release, sources, path))


def _bootstrap(release: Release, sources: str, archive: Path) -> None:
    with tempfile.TemporaryDirectory(dir=archive.parent) as directory:
        tree, options = Path(directory) / "tree", Path(directory) / "apt.conf"
        options.write_text(packages.apt_options())
        how = ("--quiet", "--mode=root", "--variant=minbase", f"--aptopt={options}")
        run(
            *(*bootstrap.CONTAINED, "mmdebstrap", *how, release.codename, str(tree), "-"),
            stdin=sources.encode(),
        )
        bootstrap.pack(tree, archive)


def _hand_in(root: Path, release: Release) -> None:
    """This machine's ways to the registries, and the checkout as a clone would have it."""
    (root / "etc/apt/sources.list").write_text(packages.sources(release))
    (root / "etc/apt/apt.conf.d/99outer").write_text(packages.apt_options())
    (root / "etc/resolv.conf").write_text(f"nameserver {_NAMESERVER}\n")
    (root / "etc/pip.conf").write_text(_pip_options(root))
    tracked = subprocess.run(
        ["git", "-C", TOP, "ls-files", "-z"], capture_output=True, check=True
    ).stdout
    for name in tracked.decode().split("\0"):
        source, target = TOP / name, root / CHECKOUT.lstrip("/") / name
        if name and source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def _pip_options(root: Path) -> str:
    """The outer pip's index, proxy and certificates, as a pip.conf."""
    listed = subprocess.run(
        [TOP / ".venv/bin/pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    options = {"timeout": "180"}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        if name in {"index-url", "proxy", "trusted-host"}:
            options[name] = value.strip("'")
        if name == "cert":
            # Not in their usual place: installing ca-certificates there would undo it.
            shutil.copyfile(value.strip("'"), root / "etc/outer-certificates.crt")
            options["cert"] = "/etc/outer-certificates.crt"
    return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in options.items())


@contextlib.contextmanager
def _running(root: Path) -> Iterator[int]:
    """The machine's first process. The kernel ends all the others with it."""
    namespaces = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child")
    outer = subprocess.Popen([*namespaces, "sh", ENTER, root], stdin=subprocess.DEVNULL)
    try:
        yield _first(outer, root)
    finally:
        outer.kill()
        outer.wait()


def _first(outer: "subprocess.Popen[bytes]", root: Path) -> int:
    """The process id of the machine's first process, once it has its root."""
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
    deadline = time.monotonic() + 120
    while outer.poll() is None and time.monotonic() < deadline:
        for word in children.read_text().split():
            with contextlib.suppress(OSError):
                if os.path.samestat(os.stat(f"/proc/{word}/root"), os.stat(root)):
                    return int(word)
        time.sleep(0.05)
    raise AssertionError("the fresh machine did not start: see above")


@contextlib.contextmanager
def _network(init: int) -> Iterator[None]:
    """A way out for the network namespace of `init`, in user space: no rule of this machine's."""
    ready, told = os.pipe()
    argv = ("slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback")
    network = subprocess.Popen(
        [*argv, f"--ready-fd={told}", str(init), "tap0"],
        pass_fds=(told,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(told)
    try:
        assert os.read(ready, 1) == b"1", "slirp4netns did not start"
        yield
    finally:
        os.close(ready)
        network.send_signal(signal.SIGTERM)
        network.wait()
