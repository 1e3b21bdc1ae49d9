"""Real containers on cgroup v2, and the collector that reads them. All of it runs in the guest."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from boxes.box import LXC_PATH, UNCONFINED, Box, Make
from boxes.reading import Read, Reading
from boxes.shell import sh
from boxes.volume import VG, Volume

from collector.clock import SystemClock
from collector.cycle import Collector, CollectorSettings

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


@pytest.fixture
def volume() -> Iterator[Volume]:
    """Make a thin or a plain LV as OpenNebula names them; its device's path."""
    made: list[str] = []

    def one(name: str, *, thin: bool) -> str:
        size = f"-V 600M --thinpool {VG}/pool" if thin else f"-L 600M {VG}"
        sh(f"lvcreate -q -y -n {name} {size}")
        made.append(name)
        return f"/dev/{VG}/{name}"

    yield one
    for name in made:
        sh(f"lvremove -q -y {VG}/{name}")


@pytest.fixture
def make(tmp_path: Path, volume: Volume) -> Iterator[Make]:
    """Make and start containers: make("one-7", device="/dev/vg/lv", config=("lxc.…",)).

    They end before `volume`, which they may be on.
    """
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
            box = Box(name, path, tmp_path / f"{name}.log")
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


@pytest.fixture
def debian(make: Make) -> Box:
    """A Debian with systemd as its init, booted."""
    box = make("one-12", root="debian")
    box.state()
    return box


@pytest.fixture
def read() -> Iterator[Read]:
    """Read one cycle with the collector of this test."""
    settings = CollectorSettings(host="testhost", slow_s=0)
    collector = Collector(settings, SystemClock())
    yield lambda: Reading(collector.read())
    failed = dict(collector.stats.last_error)
    collector.close()
    assert not failed, f"the collector counted errors: {failed}"
