"""The driver on cgroup v2 under AppArmor: a Debian with systemd, and what its root cannot do."""

from pathlib import Path

import pytest
from boxes.shell import sh, until
from support.installation import Images, Installation, nic

from vmm.policy import OomPolicy
from vmm.spec import Limits, VmSpec

pytestmark = pytest.mark.guest

MIB = 1 << 20
CGROUPS = Path("/sys/fs/cgroup")
ROOTS = Path("/opt/roots")


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
    state = until(lambda: {installation.attach(vm, *ask, check=False).strip()} & booted)
    failed = installation.attach(vm, "systemctl", "list-units", "--failed", "--no-legend")
    assert (state, failed) == ({"running"}, "")
    assert confined(init(installation, vm))
    assert installation.attach(vm, "cat", "/proc/self/uid_map").split()[1] != "0"
    assert installation.attach(vm, "sh", "-c", WRITES, check=False) == "tried\n"
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


WRITES = """
for kind in proc sysfs; do
    mount -t $kind $kind /mnt 2>/dev/null
    for file in sysrq-trigger sys/kernel/core_pattern kernel/profiling power/state; do
        if test -e /mnt/$file && true 2>/dev/null >>/mnt/$file; then echo $file; fi
    done
    umount /mnt 2>/dev/null
done
echo tried
"""
"""Newer mount programs get past AppArmor with a proc or sysfs of their own: it must be no use."""

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


def test_lxcfs_shows_a_container_its_own_memory(installation: Installation, images: Images) -> None:
    limits = Limits(cpu=1, memory_bytes=96 * MIB)
    vm = installation.vm(71403, root=images.busybox(), limits=limits)
    installation.do("deploy", vm)
    assert "lxcfs" in installation.attach(vm, "grep", "/proc/meminfo", "/proc/mounts")
    assert installation.attach(vm, "grep", "MemTotal", "/proc/meminfo").split()[1] == str(96 << 10)


def test_out_of_memory_may_end_the_whole_container(images: Images) -> None:
    """The stock driver's choice on v2."""
    installation = Installation(generated_profile=True, oom=OomPolicy.GROUP)
    try:
        limits = Limits(cpu=1, memory_bytes=48 * MIB, swap_bytes=0)
        vm = installation.vm(71404, root=images.busybox(), limits=limits)
        installation.do("deploy", vm)
        container = installation.container(vm)
        hog = "dd if=/dev/zero of=/dev/null bs=100M count=1"
        installation.attach(vm, "sh", "-c", hog, check=False)
        until(lambda: container.init() is None)
        installation.do("cancel", vm)
    finally:
        installation.close()
