"""Making a test's containers."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from boxes.box import LXC_PATH, UNCONFINED, Box, Make
from boxes.shell import sh

ROOTS = Path("/opt/roots")
CONFIG = """\
lxc.include = /usr/share/lxc/config/common.conf
lxc.uts.name = {name}
lxc.rootfs.path = {root}
lxc.rootfs.managed = 0
lxc.net.0.type = veth
lxc.net.0.link = lxcbr0
lxc.net.0.name = eth0
lxc.net.0.flags = up
"""


@contextmanager
def containers(logs: Path) -> Iterator[Make]:
    """Make and start containers: make("one-7", device="/dev/vg/lv", config=("lxc.…",))."""
    with ExitStack() as undo:

        def one(
            name: str,
            *,
            root: str = "busybox",
            device: str | None = None,
            config: tuple[str, ...] = (UNCONFINED,),
            start: bool = True,
        ) -> Box:
            directory = LXC_PATH / name
            directory.mkdir()
            undo.callback(sh, f"rm -rf --one-file-system {directory}")
            path = _root(directory, root, device, undo)
            text = CONFIG.format(name=name, root=path) + "\n".join(config) + "\n"
            (directory / "config").write_text(text, encoding="utf-8")
            box = Box(name, path, logs / f"{name}.log")
            undo.callback(box.stop)
            if start:
                box.start()
            return box

        yield one


def _root(directory: Path, root: str, device: str | None, undo: ExitStack) -> str:
    """What lxc.rootfs.path says: a device with a fresh ext4, or a directory."""
    place = directory / "rootfs"
    place.mkdir()
    if device:
        sh(f"mkfs.ext4 -q -F {device} && mount {device} {place}")
        sh(f"tar -C {place} -xf {ROOTS}/busybox.tar && umount {place}")
        return device
    if root == "busybox":
        sh(f"tar -C {place} -xf {ROOTS}/busybox.tar")
        return f"dir:{place}"
    for part in ("upper", "work"):
        (directory / part).mkdir()
    layers = f"lowerdir={ROOTS}/{root},upperdir={directory}/upper,workdir={directory}/work"
    sh(f"mount -t overlay -o {layers} overlay {place}")
    undo.callback(sh, f"umount {place}")
    return f"dir:{place}"
