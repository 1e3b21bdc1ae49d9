"""A real distribution: Debian with systemd as init, from an image with its own files' owners."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from support.installation import Images, Installation, data_disk, mounted, nic, run, settled

from vmm.spec import Limits

pytestmark = [pytest.mark.host, pytest.mark.slow]

CACHE = Path("/var/cache/nebulxc-tests/debian-bookworm.tar")
PACKAGES = "systemd-sysv,dbus"


@pytest.fixture(scope="session")
def debian(images: Images) -> Path:
    """An ext4 image with a minimal Debian; its tree is kept between runs of the tests."""
    if not CACHE.exists():
        assert shutil.which("mmdebstrap"), "install mmdebstrap"
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        new = CACHE.with_suffix(".new.tar")
        run(
            *("mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(new)),
            timeout=900,
        )
        new.rename(CACHE)
    image = images.directory / "debian.ext4"
    run("truncate", "-s", "600M", str(image))
    run("mkfs.ext4", "-q", "-F", str(image))
    point = images.directory / "debian"
    point.mkdir()
    mounted(
        image,
        point,
        f"tar -xf {CACHE} --numeric-owner && rm -f etc/machine-id && touch etc/machine-id",
    )
    return image


@pytest.mark.timeout(300)
@pytest.mark.parametrize("unprivileged", [True, False], ids=["unprivileged", "privileged"])
def test_debian_runs_reboots_and_stops(
    installation: Installation, images: Images, debian: Path, bridge: str, unprivileged: bool
) -> None:
    vm = installation.vm(
        71001,
        data_disk(1, installation.image(71001, 1, images.empty())),
        root=debian,
        limits=Limits(cpu=1, memory_bytes=512 << 20),
        nics=(nic(71001, 0, bridge),),
        wants_unprivileged=unprivileged,
    )
    before = installation.traces()
    installation.do("deploy", vm)

    assert _is_running(installation, vm.name) == "running", _failed(installation, vm.name)
    owners = installation.attach(vm, "stat", "-c", "%U", "/etc/shadow", "/media/one-disk.1")
    assert owners.split() == ["root", "root"]
    first = installation.container(vm).init()
    installation.do("reboot", vm)
    assert installation.container(vm).init() != first
    assert _is_running(installation, vm.name) == "running", _failed(installation, vm.name)
    begun = time.monotonic()
    installation.do("shutdown", vm)
    assert time.monotonic() - begun < 15

    assert settled(installation, before) == before


def _is_running(installation: Installation, name: str, seconds: float = 90) -> str:
    """systemd's own word once it is up: running, or degraded when a unit failed."""
    deadline = time.monotonic() + seconds
    said = ""
    while time.monotonic() < deadline:
        said = _inside(installation, name, "systemctl", "is-system-running").strip()
        if said in {"running", "degraded"}:
            break
        time.sleep(0.5)
    return said


def _failed(installation: Installation, name: str) -> str:
    return _inside(installation, name, "systemctl", "--failed", "--plain", "--no-legend")


def _inside(installation: Installation, name: str, *argv: str) -> str:
    done = subprocess.run(
        ["lxc-attach", "-P", installation.policy.lxc, "-n", name, "--", *argv],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    return done.stdout.decode(errors="replace")
