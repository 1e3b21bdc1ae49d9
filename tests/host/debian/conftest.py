"""A container as users have it: Debian, with systemd as its init."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.busybox import Busybox, Container
from vm import bootstrap, packages
from vm.settings import RELEASES

SYSTEMD = (
    "lxc.include = /usr/share/lxc/config/common.conf",
    "lxc.signal.halt = SIGRTMIN+3",
    "lxc.apparmor.profile = unconfined",
)
BOOTED = {"running", "degraded"}


@pytest.fixture(scope="session")
def debian_root(busybox: Busybox) -> Path:
    """A Debian tree of this session's own; bootstrapped once, then from the cache."""
    packages.ensure(packages.FOR_A_ROOT)
    root = busybox.base / "debian"
    bootstrap.unpack(bootstrap.container_root(RELEASES["bookworm"]), root)
    root.chmod(0o755)
    return root


@pytest.fixture
def debian(busybox: Busybox, debian_root: Path) -> Iterator[Container]:
    """A running Debian container that has booted."""
    container = busybox.define("debian", *SYSTEMD, f"lxc.rootfs.path = dir:{debian_root}")
    container.start()
    state, deadline = "", time.monotonic() + 400
    while state not in BOOTED:
        state = container.attach("systemctl", "is-system-running", check=False).strip()
        assert time.monotonic() < deadline, f"it does not boot: {state}"
        time.sleep(0.2)
    yield container
    busybox.destroy(container)
