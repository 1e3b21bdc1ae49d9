"""A real distribution: Debian with systemd as init, from an image with its own files' owners."""

import contextlib
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from support.busybox import until
from support.installation import Images, Installation, data_disk, mounted, nic, own, run, settled

from vmm.spec import Disk, DiskKind, Limits, VmSpec

pytestmark = [pytest.mark.host, pytest.mark.slow]

CACHE = Path("/var/cache/nebulxc-tests/debian-bookworm.tar")
PACKAGES = "systemd-sysv,dbus"
STOP_SECONDS = 90
"""How long systemd waits for a unit that does not stop."""


@pytest.fixture(scope="session")
def debian(images: Images) -> Path:
    """An ext4 image with a minimal Debian; its tree is kept between runs of the tests."""
    if not CACHE.exists():
        assert shutil.which("mmdebstrap"), "install mmdebstrap"
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        new = CACHE.with_suffix(".new.tar")
        run(
            *("mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(new)),
            timeout=1500,
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


@pytest.mark.timeout(1800)  # the first one may have to make the image
@pytest.mark.parametrize("unprivileged", [True, False], ids=["unprivileged", "privileged"])
def test_debian_runs_reboots_and_stops(
    installation: Installation, images: Images, debian: Path, bridge: str, unprivileged: bool
) -> None:
    vm = installation.vm(
        own(5),
        data_disk(1, installation.image(own(5), 1, images.empty())),
        root=debian,
        limits=Limits(cpu=1, memory_bytes=512 << 20),
        nics=(nic(own(5), 0, bridge),),
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
    assert time.monotonic() - begun < STOP_SECONDS

    assert settled(installation, before) == before


UNIT = """\
[Service]
Type=oneshot
ExecStart=/bin/sh -c '. /context/context.sh; echo "$ETH1_IP" > /run/reconfigured'
"""
"""Named as that of OpenNebula's packages; minbase has no `ip` to set an address with."""


@pytest.mark.timeout(1800)
def test_debian_is_changed_while_it_runs(
    installation: Installation, images: Images, debian: Path, bridge: str
) -> None:
    context = installation.image(own(6), 1, images.context({"context.sh": "ETH1_IP=10.71.4.6\n"}))
    vm = installation.vm(
        own(6),
        Disk(1, DiskKind.CONTEXT, str(context), "/context", readonly=True),
        root=debian,
        limits=Limits(cpu=1, memory_bytes=512 << 20),
        nics=(nic(own(6), 0, bridge),),
    )
    installation.do("deploy", vm)
    assert _is_running(installation, vm.name) == "running", _failed(installation, vm.name)
    unit = "/etc/systemd/system/one-context-reconfigure.service"
    installation.attach(vm, "sh", "-c", f"cat > {unit} <<'END'\n{UNIT}END\nsystemctl daemon-reload")

    for _ in range(3):
        installation.do("save", replace(vm, lcm_state=6))
        assert installation.do("poll", vm) == "STATE=p"
        installation.do("restore", replace(vm, lcm_state=21))
    added = replace(nic(own(6), 1, bridge), attach=True)
    installation.do("attach_nic", replace(vm, nics=(*vm.nics, added)))
    assert added.mac in installation.attach(vm, "cat", "/sys/class/net/eth1/address")
    installation.do("reconfigure", vm)
    assert installation.attach(vm, "cat", "/run/reconfigured") == "10.71.4.6\n"

    sleeping = {"sleep 90001", "sleep 90002"}
    installation.do("exec", vm, "sh -c 'setsid sleep 90001 & sleep 90002'")
    until(lambda: sleeping <= _processes(installation, vm), "the command to start its children")
    installation.do("exec_cancel", vm)
    assert not _processes(installation, vm) & sleeping

    installation.do("reboot", vm)
    assert _is_running(installation, vm.name) == "running", _failed(installation, vm.name)
    assert added.mac in installation.attach(vm, "cat", "/sys/class/net/eth1/address")
    installation.do("shutdown", vm)


def _processes(installation: Installation, vm: VmSpec) -> set[str]:
    """The command lines in the container."""
    lines = set()
    for pid in installation.container(vm).cgroups.pids():
        with contextlib.suppress(OSError):  # a service of systemd's may end meanwhile
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
            lines.add(line.decode(errors="replace").strip())
    return lines


def _is_running(installation: Installation, name: str, seconds: float = 300) -> str:
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
        timeout=200,
    )
    return done.stdout.decode(errors="replace")
