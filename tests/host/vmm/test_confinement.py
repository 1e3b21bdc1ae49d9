"""What a container may do and use: system calls, capabilities, devices, its logs on the host."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.installation import Images, Installation, data_disk, own

from vmm.errors import DriverError
from vmm.spec import VmSpec

pytestmark = [pytest.mark.host, pytest.mark.guest]

SYS_MODULE, SYS_TIME = 1 << 16, 1 << 25
CONSOLE_BYTES = 64 << 10


def _status(installation: Installation, vm: VmSpec) -> dict[str, str]:
    """/proc/PID/status of the container's init."""
    text = Path(f"/proc/{installation.container(vm).init()}/status").read_text()
    return {
        key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())
    }


def test_a_privileged_containers_calls_and_capabilities_are_fewer(
    installation: Installation, images: Images
) -> None:
    vm = installation.vm(own(1), root=images.busybox(), wants_unprivileged=False)
    installation.do("deploy", vm)
    status = _status(installation, vm)
    assert (status["Seccomp"], status["Uid"].split()[0]) == ("2", "0")
    assert int(status["CapBnd"], 16) & (SYS_MODULE | SYS_TIME) == 0


def test_a_guests_output_cannot_fill_a_disk(images: Images) -> None:
    """Neither by way of its console nor by rebooting again and again."""
    installation = Installation(console_log_bytes=CONSOLE_BYTES)
    try:
        vm = installation.vm(own(1), root=images.busybox())
        installation.do("deploy", vm)
        directory = Path(installation.policy.log, vm.name)
        installation.attach(vm, "sh", "-c", "yes 0123456789 | head -c 1000000 > /dev/console")
        installation.do("reboot", vm)
        sizes = {path.name: path.stat().st_size for path in directory.iterdir()}
        assert 0 < sizes.pop("console.log.1") <= CONSOLE_BYTES
        assert sizes.pop("console.log") <= CONSOLE_BYTES
        assert dict.fromkeys(sizes, 0) == sizes
    finally:
        installation.close()


def test_tun_and_fuse_where_the_node_allows_them(images: Images) -> None:
    """Privileged, so that the mode of the host's devices does not matter: not all have 0666."""
    for allowed in (True, False):
        installation = Installation(tun=allowed, fuse=allowed)
        try:
            vm = installation.vm(own(1), root=images.busybox(), wants_unprivileged=False)
            installation.do("deploy", vm)
            for device, minor in (("/dev/net/tun", 200), ("/dev/fuse", 229)):
                make = f"mkdir -p /dev/net; [ -c {device} ] || mknod {device} c 10 {minor}"
                said = installation.attach(
                    vm, "sh", "-c", f"{make}; (exec 3<> {device}) && echo opened", check=False
                )
                assert ("opened" in said) == allowed
        finally:
            installation.close()


def test_a_nested_proc_where_the_node_allows_it(images: Images) -> None:
    """Where it does not, AppArmor denies it: the guest's tests show that."""
    installation = Installation(generated_profile=True, nesting=True)
    try:
        vm = installation.vm(own(1), root=images.busybox())
        installation.do("deploy", vm)
        nested = "mkdir /p && unshare -p -f -m sh -c 'mount -t proc proc /p && ls /p/1/cmdline'"
        assert installation.attach(vm, "sh", "-c", nested) == "/p/1/cmdline\n"
    finally:
        installation.close()


def test_devices_of_the_host_are_out_of_reach(installation: Installation, images: Images) -> None:
    """mknod by a privileged container's root succeeds, for packages; opening does not."""
    vm = installation.vm(own(1), root=images.busybox(), wants_unprivileged=False)
    installation.do("deploy", vm)
    installation.attach(vm, "mknod", "/dev/kmsg2", "c", "1", "11")
    said = installation.attach(vm, "sh", "-c", "(exec 3< /dev/kmsg2) 2>&1 || true")
    assert "Operation not permitted" in said


def test_a_guests_own_links_never_lead_to_the_host(
    installation: Installation, images: Images
) -> None:
    """Init's root is the guest's to fill: what it links stays inside, or the start is refused."""
    number = own(1)
    outside = installation.base / "outside"
    outside.mkdir()
    vm = installation.vm(number, root=images.busybox())
    installation.do("deploy", vm)
    script = f"ln -s ../../../../..{outside} /up; ln -s /etc /in; ln -s /proc/1/root /root1"
    installation.attach(vm, "sh", "-c", script)
    installation.do("shutdown", vm)
    image = installation.image(number, 1, images.empty())

    def with_disk_on(point: str) -> VmSpec:
        return replace(vm, disks=(*vm.disks, data_disk(1, image, mount_point=point)))

    for point, problem in (
        ("/up/x", "cannot make the mount point"),
        ("/in", "must be a directory"),
    ):
        with pytest.raises(DriverError, match=problem):
            installation.do("deploy", with_disk_on(point))
    for point, inside in (("/in/x", "/etc/x"), ("/root1/y", "/y")):
        installation.do("deploy", with_disk_on(point))
        assert f" {inside} ext4 " in installation.attach(vm, "cat", "/proc/mounts")
        installation.do("cancel", vm)
    assert list(outside.iterdir()) == []
