"""Debian root file systems as archives: the guest's base, and a container's root."""

from pathlib import Path

from vm import cache, packages
from vm.process import run
from vm.settings import IMAGE_PARTS, Release

LEFT_OUT = [f"path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "locale", "info")]

# The kernel is unpacked, not installed: no initramfs-tools, no boot loader. Its package comes
# through mmdebstrap's own apt, so that it is the release's and from the same archive.
KERNEL_HOOK = """
set -e
export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG
kernel=$(apt-cache depends "linux-image-$FLAVOUR" | sed -n 's/.*Depends: \\(linux-image-\\)/\\1/p')
work=$(mktemp -d); cd "$work"
apt-get download -q -o APT::Sandbox::User=root "$(echo $kernel | cut -d' ' -f1)"
# not into "$1": there, /lib is a link, which the package's directory of that name would replace
dpkg -x linux-image-*.deb kernel
cp -a "$(find kernel -path '*lib/modules')" "$1/usr/lib/"
cp -a kernel/boot/vmlinuz-* "$1/boot/"
cd /; rm -rf "$work"
"""

# All its mounts and processes are its own and end with it, however it ends.
CONTAINED = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


def listed(name: str) -> list[str]:
    """The lines of one of the image's lists, without comments."""
    text = (IMAGE_PARTS / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def base(release: Release, flavour: str, *, fresh: bool = False) -> Path:
    """The guest's packages and kernel as a .tar.zst. Minutes when not cached."""
    wanted = listed("packages.txt")
    name = f"base-{release.codename}-{cache.key(*wanted, KERNEL_HOOK, flavour)}.tar.zst"
    hook = f"--customize-hook={KERNEL_HOOK}"

    def make(path: Path) -> None:
        _bootstrap(release, wanted, path, hook, env={"FLAVOUR": flavour})

    return cache.made(name, make, fresh=fresh)


def container_root(release: Release, *, fresh: bool = False) -> Path:
    """A container's Debian with systemd as a .tar.zst, for the guest and for this machine."""
    wanted = listed("container-packages.txt")
    name = f"container-{release.codename}-{cache.key(*wanted, CONTAINER_HOOK)}.tar.zst"
    hook = f"--customize-hook={CONTAINER_HOOK}"
    return cache.made(name, lambda path: _bootstrap(release, wanted, path, hook), fresh=fresh)


# No machine id: each container gets its own at its first start. No password for root: consoles.
CONTAINER_HOOK = """
set -e
: > "$1/etc/machine-id"
echo container > "$1/etc/hostname"
chroot "$1" passwd -q -d root
"""


def _bootstrap(
    release: Release, wanted: list[str], path: Path, *hooks: str, env: dict[str, str] | None = None
) -> None:
    tree = path.with_suffix(".tree")
    configuration = path.with_suffix(".conf")
    cache.remove(tree)
    configuration.write_text(packages.apt_options(), encoding="utf-8")
    try:
        run(
            *CONTAINED,
            "mmdebstrap",
            "--quiet",
            "--mode=root",
            "--variant=minbase",
            f"--include={','.join(wanted)}",
            f"--aptopt={configuration}",
            *(f"--dpkgopt={option}" for option in LEFT_OUT),
            *hooks,
            release.codename,
            str(tree),
            "-",
            stdin=packages.sources(release).encode(),
            env=env,
        )
        pack(tree, path)
    finally:
        cache.remove(tree)
        cache.remove(configuration)


def pack(tree: Path, archive: Path) -> None:
    """A tree as .tar.zst, with owners as numbers and file capabilities."""
    run("tar", *_ATTRIBUTES, "-I", "zstd -q -T0 -3", "-C", str(tree), "-cf", str(archive), ".")


def unpack(archive: Path, tree: Path) -> None:
    """Unpack an archive of `pack` into a new directory."""
    tree.mkdir(parents=True)
    run("tar", *_ATTRIBUTES, "-I", "zstd -q", "-C", str(tree), "-xf", str(archive))


_ATTRIBUTES = ("--numeric-owner", "--xattrs", "--xattrs-include=*")
