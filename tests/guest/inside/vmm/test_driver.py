"""The driver on cgroup v2 under AppArmor: a Debian with systemd, and what its root cannot do."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from boxes.shell import sh, until
from support.installation import Images, Installation, nic, settled

from vmm.spec import Limits, VmSpec

pytestmark = pytest.mark.guest

MIB = 1 << 20
CGROUPS = Path("/sys/fs/cgroup")
ROOTS = Path("/opt/roots")
Deploy = Callable[..., VmSpec]


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    return Images(tmp_path_factory.mktemp("images"))


@pytest.fixture
def installation() -> Iterator[Installation]:
    """Times for an emulated processor; afterwards nothing is left on the host."""
    made = Installation(start_timeout=200.0, shutdown_timeout=200.0, pids=500)
    before = made.traces()
    try:
        yield made
    finally:
        names = [name for name in Path(made.policy.state).iterdir() if name.name.startswith("one-")]
        for path in names:
            container = made.site.container(path.name)
            container.stop(0)
            container.clear(())
            container.undefine()
        left = settled(made, before)
        made.close()
    assert left == before
    profiles = Path("/sys/kernel/security/apparmor/profiles").read_text()
    assert str(made.base) not in profiles


def confined(pid: int) -> bool:
    return "(enforce)" in Path(f"/proc/{pid}/attr/current").read_text()


def init(installation: Installation, vm: VmSpec) -> int:
    pid = installation.container(vm).init()
    assert pid is not None
    return pid


def test_an_unprivileged_debian_reaches_running_under_the_least_profile(
    installation: Installation, images: Images
) -> None:
    image = images.directory / "debian.ext4"
    sh(f"truncate -s 700M {image} && mkfs.ext4 -q -F -d {ROOTS}/debian {image}", timeout=700)
    limits = Limits(cpu=0.5, memory_bytes=512 * MIB, swap_bytes=0)
    nics = (nic(71401, 0, "lxcbr0"),)
    vm = installation.vm(71401, root=image, limits=limits, nics=nics)
    assert installation.do("deploy", vm) == "one-71401"
    ask = ("systemctl", "is-system-running")
    booted = {"running", "degraded"}
    state = until(lambda: {installation.attach(vm, *ask, check=False).strip()} & booted, 240)
    failed = installation.attach(vm, "systemctl", "list-units", "--failed", "--no-legend")
    assert (state, failed) == ({"running"}, "")
    assert confined(init(installation, vm))
    assert installation.attach(vm, "cat", "/proc/self/uid_map").split()[1] != "0"
    group = CGROUPS / "lxc.payload.one-71401"
    wanted = {
        "cpu.weight": "50",
        "memory.max": str(512 * MIB),
        "memory.low": str(461 * MIB),
        "memory.swap.max": "0",
        "pids.max": "500",
    }
    assert {name: (group / name).read_text().strip() for name in wanted} == wanted
    installation.do("shutdown", vm)


TRIES = {
    "mount proc": "mount -t proc proc /mnt",
    "remount sys": "mount -o remount,rw /sys",
    "mount debugfs": "mount -t debugfs debugfs /mnt",
    "mount a tmpfs": "mount -t tmpfs tmpfs /mnt && umount /mnt",
}


@pytest.mark.parametrize("unprivileged", [True, False], ids=["unprivileged", "privileged"])
def test_what_the_root_of_a_container_cannot_do(
    installation: Installation, images: Images, unprivileged: bool
) -> None:
    vm = installation.vm(71402, root=images.busybox(), wants_unprivileged=unprivileged)
    installation.do("deploy", vm)
    assert confined(init(installation, vm))
    can = {
        what: "yes" in installation.attach(vm, "sh", "-c", f"{command} && echo yes", check=False)
        for what, command in TRIES.items()
    }
    assert can == dict.fromkeys(TRIES, False) | {"mount a tmpfs": True}
    devices = CGROUPS / "lxc.payload.one-71402/cgroup.procs"
    assert str(init(installation, vm)) in devices.read_text().split()
    installation.do("cancel", vm)
