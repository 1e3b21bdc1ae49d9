"""A context written anew reaches the running guest, which takes its addresses from it."""

import contextlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from support.busybox import until
from support.installation import Images, Installation, mounted, nic, own, run

from vmm.errors import DriverError
from vmm.spec import Disk, DiskKind, VmSpec

pytestmark = pytest.mark.host

VMID = own(3)
SERVICE = """#!/bin/sh
[ "$1 $2" = "one-context-reconfigure restart" ] || exit 1
. /context/context.sh
[ -z "$SLOW" ] || sleep 1000
for nic in 0 1; do
    eval "ip=\\$ETH${nic}_IP"
    [ -z "$ip" ] || ifconfig eth$nic "$ip" up
done
"""
"""What OpenNebula's packages do in a guest, in short."""


@pytest.fixture
def vm(installation: Installation, images: Images, bridge: str) -> VmSpec:
    context = installation.image(VMID, 1, images.context({"context.sh": "ETH0_IP=10.71.4.7\n"}))
    disk = Disk(1, DiskKind.CONTEXT, str(context), "/context", readonly=True)
    made = installation.vm(VMID, disk, root=images.busybox(), nics=(nic(VMID, 0, bridge),))
    service = installation.base / "service"
    service.write_text(SERVICE)
    service.chmod(0o755)
    point = installation.base / "point"
    point.mkdir()
    mounted(made.disks[0].source, point, f"rm -f bin/service; cp {service} bin/service")
    installation.do("deploy", made)
    return made


def write_context(installation: Installation, images: Images, **files: str) -> None:
    """As OpenNebula's datastore driver does between the two actions."""
    made = images.context({name.replace("_", "."): text for name, text in files.items()})
    path = installation.directory(VMID) / "disk.1"
    path.unlink()
    shutil.copy(made, path)


def context_mounts(installation: Installation, vm: VmSpec) -> int:
    lines = installation.attach(vm, "cat", "/proc/mounts").splitlines()
    return sum(" /context " in line for line in lines)


def programs(installation: Installation, vm: VmSpec) -> list[str]:
    """What runs in the container, but for what ends at this moment."""
    found = []
    for pid in installation.container(vm).cgroups.pids():
        with contextlib.suppress(OSError):
            found.append(Path(f"/proc/{pid}/comm").read_text().strip())
    return sorted(found)


@pytest.mark.guest
def test_a_guest_gets_its_address(installation: Installation, images: Images, vm: VmSpec) -> None:
    added = replace(nic(VMID, 1, vm.nics[0].bridge), attach=True)
    installation.do("attach_nic", replace(vm, nics=(*vm.nics, added)))
    installation.do("prereconfigure", vm)
    assert "10.71.4.7" in installation.attach(vm, "cat", "/context/context.sh")

    write_context(installation, images, context_sh="ETH0_IP=10.71.4.8\nETH1_IP=10.71.4.9\n")
    for _ in range(2):
        installation.do("reconfigure", vm)
        assert "10.71.4.9" in installation.attach(vm, "cat", "/context/context.sh")
        assert "10.71.4.8" in installation.attach(vm, "ifconfig", "eth0")
        assert "10.71.4.9" in installation.attach(vm, "ifconfig", "eth1")
        assert context_mounts(installation, vm) == 1

    installation.do("reset", vm)
    assert "10.71.4.9" in installation.attach(vm, "cat", "/context/context.sh")
    assert context_mounts(installation, vm) == 1


def test_who_has_a_file_of_it_open_is_not_in_the_way(
    installation: Installation, images: Images, vm: VmSpec
) -> None:
    reading = "exec 3</context/context.sh; cd /context"
    installation.attach(vm, "sh", "-c", f"{reading}; sleep 1000 </dev/null >/dev/null 2>&1 &")
    write_context(installation, images, context_sh="ETH0_IP=10.71.4.10\n")
    installation.do("reconfigure", vm)
    assert "10.71.4.10" in installation.attach(vm, "cat", "/context/context.sh")
    assert context_mounts(installation, vm) == 1


def test_a_guest_without_the_service_or_stuck_in_it_has_the_files_all_the_same(
    installation: Installation,
    images: Images,
    vm: VmSpec,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vmm.actions.reconfigure.GUEST_SECONDS", 2.0)
    until(lambda: programs(installation, vm) == ["init", "sleep"], "the guest to be up")
    write_context(installation, images, context_sh="SLOW=1\n")
    installation.do("reconfigure", vm)
    assert "did not end in time" in installation.told.infos[-1]
    assert "SLOW" in installation.attach(vm, "cat", "/context/context.sh")
    until(lambda: programs(installation, vm) == ["init", "sleep"], "the service's end")
    installation.attach(vm, "rm", "/bin/service")
    write_context(installation, images, context_sh="NEW=1\n")
    installation.do("reconfigure", vm)
    assert (
        f"{vm.name} has its new context; service one-context-reconfigure"
        in (installation.told.infos[-1])
    )
    assert "NEW" in installation.attach(vm, "cat", "/context/context.sh")


def test_frozen_and_stopped(installation: Installation, images: Images, vm: VmSpec) -> None:
    installation.do("save", replace(vm, lcm_state=6))
    write_context(installation, images, context_sh="FROZEN=1\n")
    installation.do("reconfigure", vm)
    installation.do("restore", replace(vm, lcm_state=21))
    assert "FROZEN" in installation.attach(vm, "cat", "/context/context.sh")
    run("lxc-stop", "-k", "-P", installation.policy.lxc, "-n", vm.name)
    write_context(installation, images, context_sh="STOPPED=1\n")
    installation.do("reconfigure", vm)
    run("lxc-start", "-P", installation.policy.lxc, "-n", vm.name)
    assert "STOPPED" in installation.attach(vm, "cat", "/context/context.sh")


def test_a_bad_image_leaves_the_old_files(
    installation: Installation, images: Images, vm: VmSpec
) -> None:
    path = Path(vm.disks[1].source)
    path.write_bytes(b"nothing" * 1000)
    with pytest.raises(DriverError, match="cannot be read"):
        installation.do("reconfigure", vm)
    path.unlink()
    path.symlink_to("/etc/shadow")
    with pytest.raises(DriverError, match="outside of"):
        installation.do("reconfigure", vm)
    assert "10.71.4.7" in installation.attach(vm, "cat", "/context/context.sh")
