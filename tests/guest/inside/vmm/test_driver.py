"""The driver on cgroup v2 under AppArmor: a Debian with systemd, and what its root cannot do."""

import re
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


def confined(pid: int) -> bool:
    return "(enforce)" in Path(f"/proc/{pid}/attr/current").read_text()


def init(installation: Installation, vm: VmSpec) -> int:
    pid = installation.container(vm).init()
    assert pid is not None
    return pid


def test_an_unprivileged_debian_reaches_running_under_the_least_profile(
    installation: Installation, images: Images
) -> None:
    image = images.of_tree("debian.ext4", ROOTS / "debian", "ext4", "700M")
    limits = Limits(cpu=0.5, memory_bytes=512 * MIB, swap_bytes=0)
    vm = installation.vm(71401, nic(71401, 0, "lxcbr0"), root=image, limits=limits)  # type: ignore[arg-type]
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
