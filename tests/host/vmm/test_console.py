"""The VNC console of real containers: password, typing, reboot, stop, and what is left."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from support.installation import Images, Installation, own
from support.port import reserved
from support.rfb import Refused, Viewer

from vmm.spec import Graphics, VmSpec

pytestmark = pytest.mark.host

VMID = own(8)

SERVE = """
import logging, sys
from control.services.console import serve
from vmm.console.login import Login
from vmm.console.server import Server
logging.basicConfig(level=logging.INFO, format="%(message)s")
state, lxc, run = sys.argv[1:4]
serve(Server(state, Login(lxc, ("/bin/sh",)), run))
"""


@pytest.fixture
def server(installation: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """The console server of the installation, whose login is a plain shell."""
    policy, run = installation.policy, str(installation.base / "run")
    argv = [sys.executable, "-c", SERVE, policy.state, policy.lxc, run]
    with (installation.base / "server.log").open("wb") as log:
        child = subprocess.Popen(argv, stderr=log)
    try:
        yield child
        killed = child.poll() is not None
        child.send_signal(signal.SIGTERM)
        assert child.wait(60) == (-signal.SIGKILL if killed else 0)
        assert killed or os.listdir(run) == [], (installation.base / "server.log").read_text()
    finally:
        child.kill()
        child.wait()


@pytest.fixture
def port() -> Iterator[int]:
    with reserved() as number:
        yield number


def shown(installation: Installation, images: Images, port: int, password: str) -> VmSpec:
    graphics = Graphics("vnc", port, "127.0.0.1", password)
    return installation.vm(VMID, root=images.busybox(), graphics=graphics)


T = TypeVar("T")


def until(look: Callable[[], T]) -> T:
    """What `look` gives once it gives something."""
    deadline = time.monotonic() + 150
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, "waited for minutes"
        time.sleep(0.1)


def connected(port: int, password: str = "") -> Viewer:
    """A viewer, once the port is open."""

    def attempt() -> Viewer | None:
        try:
            return Viewer(port, password)
        except ConnectionRefusedError:
            return None

    return until(attempt)


def typed(installation: Installation, vm: VmSpec, viewer: Viewer, name: str) -> None:
    """Type a command into the console until its file is in the container's root.

    Again only after a while: what was typed before a login takes it may be lost, and what is
    still on its way must not get between the keys of another viewer.
    """
    again = 0.0

    def attempt() -> bool:
        nonlocal again
        if time.monotonic() > again:
            viewer.type(f"echo $((6*7)) > /tmp/{name}\n")
            again = time.monotonic() + 5
        return _has(installation, vm, name)

    until(attempt)


@pytest.mark.usefixtures("server")
def test_a_viewer_types_over_a_reboot_until_the_stop(
    installation: Installation, images: Images, port: int
) -> None:
    vm = shown(installation, images, port, "geheim12")
    installation.do("deploy", vm)
    with connected(port, "geheim12") as viewer:
        assert viewer.name.startswith(f"one-{VMID}")
        typed(installation, vm, viewer, "before")
        until(lambda: len(set(viewer.look())) > 1)  # xterm draws when it has the time

        first = installation.container(vm).init()
        installation.do("reboot", vm)
        assert installation.container(vm).init() != first
        typed(installation, vm, viewer, "after")

        with pytest.raises(Refused):
            Viewer(port, "falsch12")
        with pytest.raises(Refused):
            Viewer(port)

        installation.do("shutdown", vm)
        until(lambda: _refused(port))
        until(viewer.closed)
    # The viewer is sent away first, then the screen ends.
    base = str(installation.base)
    until(lambda: not [line for line in _commands() if base in line and "rfb" in line])


@pytest.mark.usefixtures("server")
def test_no_password_on_a_command_line_nor_privilege(
    installation: Installation, images: Images, port: int
) -> None:
    vm = shown(installation, images, port, "geheim12")
    installation.do("deploy", vm)
    with connected(port, "geheim12"):
        ours = {pid: line for pid, line in _processes() if str(installation.base) in line}
        drawing = [pid for pid, line in ours.items() if line.startswith("Xtigervnc")]
        assert len(drawing) == 1
        status = Path(f"/proc/{drawing[0]}/status").read_text()
        start = installation.container(vm).state.read("plan.json")["uid"]
        assert f"Uid:\t{start + 65534}\t" in status
        assert "CapBnd:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status
        assert not any("geheim12" in line for line in _commands())
    installation.do("cancel", vm)


def test_a_taken_port_is_said_once_and_tried_again(
    installation: Installation, images: Images, port: int, server: subprocess.Popen[bytes]
) -> None:
    assert server.poll() is None
    vm = shown(installation, images, port, "")
    log = installation.base / "server.log"
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        installation.do("deploy", vm)
        until(lambda: "no console on 127.0.0.1" in log.read_text())
    with connected(port) as viewer:
        typed(installation, vm, viewer, "here")
    assert log.read_text().count("no console on") == 1
    installation.do("cancel", vm)


@pytest.mark.usefixtures("server")
def test_viewers_share_one_screen_that_outlives_them(
    installation: Installation, images: Images, port: int
) -> None:
    vm = shown(installation, images, port, "")
    installation.do("deploy", vm)
    with connected(port) as first, Viewer(port) as second:
        typed(installation, vm, first, "first")
        typed(installation, vm, second, "second")
        second.type("kept=21\n")
        before = [pid for pid, line in _processes() if _draws(installation, line)]
    with Viewer(port) as later:
        later.type("echo $((kept*2)) > /tmp/kept\n")
        until(lambda: _has(installation, vm, "kept"))
        assert [pid for pid, line in _processes() if _draws(installation, line)] == before
    installation.do("cancel", vm)


def test_a_killed_server_takes_its_screens_along(
    installation: Installation, images: Images, port: int, server: subprocess.Popen[bytes]
) -> None:
    vm = shown(installation, images, port, "")
    installation.do("deploy", vm)
    with connected(port) as viewer:
        typed(installation, vm, viewer, "first")
        server.kill()
        server.wait()
    until(lambda: not [line for line in _commands() if _draws(installation, line)])
    installation.do("cancel", vm)


def _draws(installation: Installation, line: str) -> bool:
    return line.startswith("Xtigervnc") and str(installation.base) in line


def _has(installation: Installation, vm: VmSpec, name: str) -> bool:
    file = Path(f"/proc/{installation.container(vm).init()}/root/tmp/{name}")
    return file.exists() and file.read_text() == "42\n"


def _refused(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _processes() -> Iterator[tuple[int, str]]:
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                line = Path(f"/proc/{name}/cmdline").read_bytes()
            except OSError:
                continue
            yield int(name), line.replace(b"\0", b" ").decode(errors="replace")


def _commands() -> list[str]:
    return [line for _, line in _processes()]
