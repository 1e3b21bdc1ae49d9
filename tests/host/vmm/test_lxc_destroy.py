"""lxc-destroy, which the stock driver runs at every end, and the files of mounted images."""

import os

import pytest
from support.busybox import until
from support.installation import Images, Installation, data_disk, mounted, run

from vmm.spec import VmSpec

pytestmark = pytest.mark.host


@pytest.mark.parametrize(
    ("running", "force"),
    [
        (True, ()),
        pytest.param(True, ("-f",), marks=pytest.mark.guest),
        (False, ()),
        (False, ("-f",)),
    ],
)
def test_lxc_destroy_never_touches_an_image(
    installation: Installation, images: Images, running: bool, force: tuple[str, ...]
) -> None:
    disk = data_disk(1, installation.image(71001, 1, images.busybox()))
    vm = installation.vm(71001, disk, root=images.busybox())
    installation.do("deploy", vm)
    container = installation.container(vm)
    if not running:
        installation.attach(vm, "poweroff", check=False)
        until(lambda: _is_down(installation), "its end")
    before = [_files(installation, vm, disk.source) for disk in vm.disks] if not running else None

    run("lxc-destroy", "-P", installation.policy.lxc, "-n", vm.name, *force, check=False)

    if running and not force:
        assert "busybox" in installation.attach(vm, "ls", "/bin", "/media/one-disk.1/bin")
    installation.do("cancel", vm)
    assert container.init() is None
    after = [_files(installation, vm, disk.source) for disk in vm.disks]
    assert before in (None, after)
    assert all("/bin/busybox" in listing for listing in after)


def test_lxc_destroy_spares_an_image_whose_mount_leaked(
    installation: Installation, images: Images
) -> None:
    """Without lxc.rootfs.managed = 0 the files of whatever is mounted there are deleted."""
    vm = installation.vm(71001, root=images.busybox())
    installation.do("deploy", vm)
    installation.attach(vm, "poweroff", check=False)
    until(lambda: _is_down(installation), "its end")
    before = _files(installation, vm, vm.disks[0].source)
    rootfs = f"{installation.policy.state}/{vm.name}/rootfs"
    run("mount", "-o", "loop", vm.disks[0].source, rootfs)
    try:
        run("lxc-destroy", "-P", installation.policy.lxc, "-n", vm.name, check=False)
        run("lxc-destroy", "-f", "-P", installation.policy.lxc, "-n", vm.name, check=False)
        assert os.path.exists(f"{rootfs}/bin/busybox")
    finally:
        # The next action takes the leaked mount away as well.
        installation.do("cancel", vm)
    assert _files(installation, vm, vm.disks[0].source) == before


def _is_down(installation: Installation) -> bool:
    """Its monitor has run the last hook, and nothing holds an image."""
    traces = installation.traces()
    return not any(traces[kind] for kind in ("processes", "mounts", "loops"))


def _files(installation: Installation, vm: VmSpec, source: str) -> str:
    """Every file of the image with its size and owner."""
    point = installation.base / "look"
    point.mkdir(exist_ok=True)
    return mounted(source, point, "find . -printf '/%P %s %U\\n'", "loop,ro")
