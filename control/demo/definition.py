"""Pure: what a demo consists of, as LXC configuration and as the scripts that its inits run."""

from dataclasses import dataclass
from pathlib import Path

BASE = Path("/var/lib/nebulxc/demo")
# The bridge has no address on the host: whatever networks the host knows, these cannot collide.
_NETWORK = "10.203.0."
_MEMORY_LIMIT = 128 * 1024**2
_PERIOD_US, _QUOTA_US = 100_000, 50_000

_BURSTS = """\
#!/bin/sh
# Half a core for 4 seconds, then 4 seconds of rest; serves a file to the other container.
trap 'exit 0' TERM
mkdir -p /www
dd if=/dev/zero of=/www/file bs=1M count=4 2>/dev/null
httpd -h /www
while :; do
    timeout 4 sh -c 'while :; do :; done'
    sleep 4
done
"""
_TRAFFIC = """\
#!/bin/sh
# Fetches 4 MiB over the bridge and writes 2 MiB to the disk, every 3 seconds.
trap 'exit 0' TERM
while :; do
    wget -q -O /dev/null http://{network}1/file
    dd if=/dev/zero of=/written bs=1M count=2 conv=fsync 2>/dev/null
    sleep 3
done
"""


@dataclass(frozen=True, slots=True)
class DemoContainer:
    """One container of a demo."""

    name: str
    number: int
    directory: Path
    init: str

    @property
    def rootfs(self) -> Path:
        """Its root directory."""
        return self.directory / "rootfs"

    @property
    def pid_file(self) -> Path:
        """Where lxc-start writes the process id of its monitor."""
        return self.directory / "monitor.pid"

    @property
    def log(self) -> Path:
        """LXC's log of it."""
        return self.directory / "lxc.log"


def bridge(demo: str) -> str:
    """The name of the demo's bridge: at most 15 characters, as the kernel demands."""
    return f"{demo[:14]}0"


def containers(demo: str, base: Path = BASE) -> tuple[DemoContainer, DemoContainer]:
    """Both containers of the demo of this name."""
    inits = (_BURSTS, _TRAFFIC.format(network=_NETWORK))
    first, second = (
        DemoContainer(f"{demo}-{number}", number, base / demo / f"{demo}-{number}", init)
        for number, init in enumerate(inits, 1)
    )
    return first, second


def lxc_config(container: DemoContainer, link: str, cgroup_root: Path) -> str:
    """The LXC configuration of one demo container for a host with these cgroups."""
    # AppArmor: the profile LXC would choose needs a loaded policy; this runs nothing but busybox.
    return f"""\
lxc.include = /usr/share/lxc/config/common.conf
lxc.uts.name = {container.name}
lxc.rootfs.path = dir:{container.rootfs}
lxc.rootfs.managed = 0
lxc.init.cmd = /init
lxc.signal.halt = SIGTERM
lxc.apparmor.profile = unconfined
lxc.pty.max = 8
lxc.tty.max = 0
lxc.net.0.type = veth
lxc.net.0.link = {link}
lxc.net.0.name = eth0
lxc.net.0.flags = up
lxc.net.0.ipv4.address = {_NETWORK}{container.number}/24
{_limits(cgroup_root)}"""


def _limits(cgroup_root: Path) -> str:
    """Half a core and 128 MiB, as far as the host's cgroups have the controllers."""
    controllers = cgroup_root / "cgroup.controllers"
    lines = []
    if controllers.exists():
        known = controllers.read_text(encoding="ascii").split()
        if "cpu" in known:
            lines.append(f"lxc.cgroup2.cpu.max = {_QUOTA_US} {_PERIOD_US}")
        if "memory" in known:
            lines.append(f"lxc.cgroup2.memory.max = {_MEMORY_LIMIT}")
    else:
        if (cgroup_root / "cpu" / "cpu.shares").exists():
            lines.append(f"lxc.cgroup.cpu.cfs_quota_us = {_QUOTA_US}")
        if (cgroup_root / "memory" / "memory.limit_in_bytes").exists():
            lines.append(f"lxc.cgroup.memory.limit_in_bytes = {_MEMORY_LIMIT}")
    return "".join(f"{line}\n" for line in lines)
