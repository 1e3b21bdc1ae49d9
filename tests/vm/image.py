"""The guest's image: kernel, initramfs, root disk, and the snapshot every run starts from.

Parts that take long are cached apart (see bootstrap.py, wheels.py): a change of configuration
costs the boot at the end, not a new bootstrap.
"""

import json
from pathlib import Path

from vm import bootstrap, cache, netns, packages, qemu, vmlinux, wheels
from vm.process import run
from vm.settings import (
    GUEST_CHECKOUT,
    GUEST_PYTHON,
    GUEST_WHEELS,
    IMAGE_PARTS,
    Instance,
    Release,
)
from vm.ssh import Guest
from vm.step import step

FLAVOUR = "cloud-amd64"
"""Debian's kernel for virtual machines: 19 s to boot where the generic one takes 28."""

ROOT_SIZE = "4G"


def build(release: Release, *, fresh: bool = False) -> Path:
    """The image's directory, built from what is missing. `fresh` bootstraps again."""
    packages.ensure(packages.FOR_THE_MACHINE)
    with step(f"packages of {release.title}"):
        base = bootstrap.base(release, FLAVOUR, fresh=fresh)
    with step(f"a container's {release.title}"):
        container = bootstrap.container_root(release, fresh=fresh)
    with step("Python dependencies"):
        site = wheels.tree(release)
        house = wheels.directory(release)
    parts = sorted(path for path in IMAGE_PARTS.iterdir() if path.is_file())
    inputs = [path.name for path in (base, container, site, house)]
    machine = [qemu.version(), qemu.KERNEL_LINE, f"{qemu.PROCESSORS} {qemu.MEMORY_MB} {ROOT_SIZE}"]
    name = f"image-{release.codename}-{cache.key(*inputs, *machine, *parts)}"

    def make(path: Path) -> None:
        path.mkdir()
        _lay_out(path, base, container, release)
        _first_boot(path, release)

    image = cache.made(name, make, fresh=fresh)
    for kind in ("image", "base", "container", "site", "wheels"):
        cache.forget_old(f"{kind}-{release.codename}-", keep=2)
    cache.forget_old("house-", keep=2)
    return image


def _lay_out(path: Path, base: Path, container: Path, release: Release) -> None:
    """Kernel, initramfs and a root disk that has never been booted."""
    tree = path / "tree"
    try:
        with step("image: file tree"):
            bootstrap.unpack(base, tree)
            bootstrap.unpack(container, tree / "opt/roots/debian")
            run(
                "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-C",
                "testhost",
                "-f",
                str(path / "key"),
            )
            run(str(IMAGE_PARTS / "configure.sh"), str(tree), str(path / "key.pub"))
            _add_python(tree, release)
        with step("image: kernel and initramfs"):
            (kernel,) = (tree / "boot").glob("vmlinuz-*")
            vmlinux.extract(kernel, path / "vmlinux")
            run(str(IMAGE_PARTS / "initramfs.sh"), str(tree), str(path / "initrd.img"))
        with step("image: root disk"):
            cache.remove(tree / "boot")
            _make_disk(tree, path / "root.raw")
    finally:
        cache.remove(tree)


def _add_python(tree: Path, release: Release) -> None:
    """An environment that sees the pushed checkout, Debian's python3-lxc and our packages.

    Beside it the same packages as wheels.

    Compiled here by the guest's own Python: natively, not emulated.
    """
    home = str(Path(GUEST_PYTHON).parents[1])
    chroot = ("chroot", str(tree))
    run(*chroot, "python3", "-m", "venv", "--system-site-packages", "--without-pip", home)
    packages_dir = tree / home.lstrip("/") / f"lib/python{release.python}/site-packages"
    run("cp", "-a", f"{wheels.tree(release)}/.", str(packages_dir))
    run("cp", "-a", str(wheels.directory(release)), str(tree / GUEST_WHEELS.lstrip("/")))
    (packages_dir / "checkout.pth").write_text(GUEST_CHECKOUT + "\n", encoding="utf-8")
    run(*chroot, "python3", "-m", "compileall", "-q", "-j0", home)


def _make_disk(tree: Path, disk: Path) -> None:
    """An ext4 file system with the tree in it: no mount, no loop device."""
    features = ("-O", "^metadata_csum_seed", "-E", "lazy_itable_init=1,nodiscard", "-m", "0")
    run(
        "mke2fs", "-q", "-t", "ext4", "-L", "root", *features, "-d", str(tree), str(disk), ROOT_SIZE
    )


def _first_boot(path: Path, release: Release) -> None:
    """Boot once, prepare the guest, keep a snapshot of it running in the image's own disks."""
    instance = Instance(f"build-{path.name.split('-')[2][:8]}-{release.codename}", release)
    directory = instance.directory
    cache.remove(directory)
    directory.mkdir(parents=True)
    machine, guest = qemu.Machine(instance, path), Guest(instance, path / "key")
    # The overlay names its backing file relatively: image and run directories both have one.
    qemu.create_disks(Path("root.raw"), path)
    try:
        for name in qemu.DISKS:
            (directory / f"{name}.qcow2").symlink_to(path / f"{name}.qcow2")
        (directory / "root.raw").symlink_to(path / "root.raw")
        with step("image: first boot"):
            machine.start(bound=True)
            guest.connect(machine.service, bound=True)
        with step("image: preparing the guest"):
            guest.run(_script("ready.sh"), timeout=1200)
            about = guest.run(_script("about.sh")).stdout
        with step("image: snapshot"):
            guest.disconnect()
            machine.save(qemu.READY)
        (path / "about.json").write_text(about, encoding="utf-8")
        json.loads(about)
    except BaseException:
        machine.show_console()
        raise
    finally:
        guest.disconnect()
        machine.end()
        netns.delete(instance.namespace)
        cache.remove(directory)


def _script(name: str) -> str:
    return (IMAGE_PARTS / name).read_text(encoding="utf-8")
