"""A test installation of the driver: a base directory of its own, real images, real containers.

`traces()` is all that the driver could leave on a host, so that a test can compare before and
after; whatever it finds carries the base directory or the id of a VM that the test made.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
from support.busybox import until

from collector.clock import SystemClock
from vmm import actions, lock
from vmm.cgroup.cgroup_tree import hierarchies
from vmm.container import Container
from vmm.host import Host
from vmm.node import Node
from vmm.policy import NodePolicy, PrivilegedPolicy
from vmm.site import Site
from vmm.spec import Disk, DiskKind, Limits, Message, Nic, VmSpec

BUSYBOX = Path("/bin/busybox")
DIRECTORIES = "bin dev proc sys etc tmp root run mnt media sbin usr var"
INITTAB = """\
::sysinit:/etc/rc
::respawn:/bin/sleep 1000000
::ctrlaltdel:/bin/reboot
::shutdown:/bin/true
"""
MKFS = {
    "ext4": ("mkfs.ext4", "-q", "-F"),
    "xfs": ("mkfs.xfs", "-q", "-f"),
    "btrfs": ("mkfs.btrfs", "-q", "-f"),
}
SIZES = {"ext4": "16M", "xfs": "320M", "btrfs": "128M"}


def run(*argv: str, check: bool = True, timeout: float = 200) -> str:
    """A command's standard output; its standard error is in the failure."""
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False
    )
    said = done.stderr.decode(errors="replace")
    assert not check or done.returncode == 0, f"{argv} gave {done.returncode}: {said}"
    return done.stdout.decode(errors="replace")


PERFORM = """
import sys, pathlib, msgspec, signal
import msgspec

from collector.clock import SystemClock
from vmm import actions, lock
from vmm.errors import DriverError
from vmm.host import Host
from vmm.policy import NodePolicy
from vmm.site import Site
from vmm.spec import Message

class Report:
    def info(self, text): sys.stderr.write(f"INFO: {text}\\n")
    def warning(self, text): sys.stderr.write(f"WARN: {text}\\n")

for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, frame: sys.exit(128 + number))
given = pathlib.Path(sys.argv[1]).read_bytes()
policy, message = msgspec.json.decode(given, type=tuple[NodePolicy, Message])
try:
    print(actions.perform(Site(policy, Host(), Report(), SystemClock()), message), flush=True)
except DriverError as error:
    sys.exit(str(error))
"""


def own(number: int) -> int:
    """A VM id of this process: two runs of a test side by side do not meet."""
    return 1_000_000 + os.getpid() % 100_000 * 10 + number


class Told:
    """A report that keeps what it was told."""

    def __init__(self) -> None:
        self.infos: list[str] = []
        self.warnings: list[str] = []

    def info(self, text: str) -> None:
        self.infos.append(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)


class _PlainSite(Site):
    """Where the kernel has AppArmor, LXC's stock profile in force in the place of the one made
    for each container: to make and remove that takes an emulated processor ten seconds."""

    policy: NodePolicy  # a value's fields are those of its own class
    host: Host
    report: Told
    clock: SystemClock

    def node(self) -> Node:
        return replace(super().node(), apparmor=False)


class Installation:
    """Containers below a base directory that their ids can pass."""

    def __init__(self, *, generated_profile: bool = False, **policy: Any) -> None:
        self.generated_profile = generated_profile
        # Not below pytest's tmp_path: that is 0700, where no unprivileged container starts.
        self.base = Path(tempfile.mkdtemp(prefix="nxve-", dir="/var/tmp"))
        self.base.chmod(0o711)
        for name in ("ct", "lxc", "log", "ds"):
            (self.base / name).mkdir()
            (self.base / name).chmod(0o711)
        self.vmids: set[int] = set()
        self.hook = self.base / "hook"
        self.policy = NodePolicy(
            **{
                "state": str(self.base / "ct"),
                "lxc": str(self.base / "lxc"),
                "log": str(self.base / "log"),
                "journal": str(self.base / "journal.jsonl"),
                "datastores": str(self.base / "ds"),
                "hook": str(self.hook),
                "privileged": PrivilegedPolicy.ALLOW,
                "settle_seconds": 0.05,
                "start_timeout": 200.0,
                "shutdown_timeout": 200.0,
                **policy,
            }
        )
        self.told = Told()
        self.write_hook("from control.driver.hook import main; raise SystemExit(main())")
        self.grant_ids()

    def write_hook(self, program: str, *, python: str = sys.executable) -> None:
        """What LXC runs at each step."""
        new = self.hook.with_suffix(".new")
        new.write_text(f"#!/bin/sh\nexec {python} -I -c '{program}' \"$@\"\n")
        new.chmod(0o755)
        new.rename(self.hook)

    def grant_ids(self) -> None:
        """The pool's line, as the installation of a node writes it."""
        size = NodePolicy().id_pool_slots * 65536  # a smaller pool is covered by the whole one
        line = f"root:{self.policy.id_pool_start}:{size}\n"
        for path in (Path("/etc/subuid"), Path("/etc/subgid")):
            with path.open("a+") as file:  # never cut short: a start may be reading it
                file.seek(0)
                if line not in file.read().splitlines(keepends=True):
                    file.write(line)

    @property
    def site(self) -> Site:
        kind = Site if self.generated_profile else _PlainSite
        return kind(self.policy, Host(), self.told, SystemClock())

    def container(self, vm: VmSpec) -> Container:
        return self.site.container(vm.name)

    def do(self, action: str, vm: VmSpec, *arguments: str) -> str:
        """One action in this process, as its entry would perform it."""
        return actions.perform(self.site, Message(action, vm, arguments=arguments))

    def spawn(self, action: str, vm: VmSpec, prelude: str = "") -> subprocess.Popen[bytes]:
        """One action in a process of its own, which answers on its standard output."""
        given = msgspec.json.encode([self.policy, Message(action, vm)])
        (self.base / f"{vm.name}.{action}.json").write_bytes(given)
        return subprocess.Popen(
            [sys.executable, "-c", prelude + PERFORM, str(self.base / f"{vm.name}.{action}.json")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def directory(self, vmid: int) -> Path:
        self.vmids.add(vmid)
        directory = self.base / "ds" / "0" / str(vmid)
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def image(self, vmid: int, disk_id: int, source: Path) -> Path:
        """A copy of an image as the disk of a VM."""
        path = self.directory(vmid) / f"disk.{disk_id}"
        run("cp", "--sparse=always", "--reflink=auto", str(source), str(path))
        return path

    def vm(self, vmid: int, *disks: Disk, root: Path | None = None, **more: Any) -> VmSpec:
        """A VM of `disks`, or of a root disk copied from `root`."""
        if root is not None:
            path = self.image(vmid, 0, root)
            disks = (Disk(0, DiskKind.IMAGE, str(path), "/"), *disks)
        self.vmids.add(vmid)
        limits = more.pop("limits", Limits(cpu=0.5, memory_bytes=64 << 20))
        return VmSpec(vmid=vmid, limits=limits, datastore_id=0, disks=disks, **more)

    def attach(self, vm: VmSpec, *argv: str, check: bool = True) -> str:
        """What a command inside the container writes."""
        path = ("-P", self.policy.lxc)
        return run("lxc-attach", *path, "-n", vm.name, "--", *argv, check=check)

    def booted(self, vm: VmSpec) -> None:
        """Wait for the last process that its init starts: by then it obeys, and starts no more."""
        payload = self.container(vm).cgroups

        def sleeps() -> bool:
            return any(b"sleep\x001000000" in _command(pid) for pid in payload.pids())

        until(sleeps, f"{vm.name} to boot")

    def traces(self) -> dict[str, list[str]]:
        """Everything of ours on the host now, but images, logs and the journal."""
        return {
            "mounts": sorted(self._mounts()),
            "loops": sorted(self._loops()),
            "interfaces": [n for n in os.listdir("/sys/class/net") if self._mine().fullmatch(n)],
            "cgroups": sorted(self._cgroups()),
            "files": sorted(self._files()),
            "processes": sorted(self._processes()),
        }

    def end(self) -> None:
        """End every container and remove its definition."""
        for name in os.listdir(self.policy.state):
            if not name.startswith("."):
                container = self.site.container(name)
                container.stop(0)
                container.clear(())
                container.undefine()

    def close(self) -> None:
        """End what is left and remove the base directory."""
        self.end()
        shutil.rmtree(self.base)

    def _mounts(self) -> Iterator[str]:
        seen = set()
        mine = (str(self.base), *(f"/dev/{name} " for name in self._loops()))
        for pid in _pids():
            with contextlib.suppress(OSError):
                namespace = os.readlink(f"/proc/{pid}/ns/mnt")
                if namespace in seen:
                    continue
                text = Path(f"/proc/{pid}/mountinfo").read_text(errors="replace")
                seen.add(namespace)
                yield from (line for line in text.splitlines() if any(m in line for m in mine))

    def _mine(self) -> re.Pattern[str]:
        """Names of our containers, of their cgroups and of their NICs."""
        ids = "|".join(map(str, self.vmids)) or "-"
        return re.compile(rf"one-({ids})(-\d+)?")

    def _loops(self) -> Iterator[str]:
        for file in Path("/sys/block").glob("loop*/loop/backing_file"):
            with contextlib.suppress(OSError):
                if file.read_text().startswith(str(self.base)):
                    yield file.parts[3]

    def _cgroups(self) -> Iterator[str]:
        for tree in hierarchies():
            for path in Path(tree.path).glob("lxc.*.one-*"):
                if self._mine().fullmatch(path.name.split(".", 2)[2]):
                    yield str(path)

    def _files(self) -> Iterator[str]:
        for top in (self.policy.state, self.policy.lxc):
            for directory, below, files in os.walk(top):  # rglob dies of what goes meanwhile
                for name in (*below, *files):
                    path = Path(directory, name)
                    # A lock that nobody holds is none: its file waits for the next holder.
                    if not name.endswith(".lock") or lock.is_held(str(path)):
                        yield str(path.relative_to(self.base))

    def _processes(self) -> Iterator[str]:
        for pid in _pids():
            line = _command(pid).replace(b"\0", b" ").decode(errors="replace")
            if pid != os.getpid() and str(self.base) in line:
                yield f"{pid} {line}"


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def settled(installation: Installation, wanted: dict[str, list[str]]) -> dict[str, list[str]]:
    """The traces, once they equal `wanted` or a moment is over: the kernel takes apart a network
    namespace and a loop device a little after the last process is gone."""
    deadline = time.monotonic() + 60
    while (found := installation.traces()) != wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def mounted(image: Path | str, point: Path, command: str, options: str = "loop") -> str:
    """What a shell command in the mounted image writes.

    In a mount namespace of its own: a container that starts meanwhile copies the host's, and
    would go on holding the image.
    """
    script = (
        f"mount -o {options} {image} {point} && cd {point} && {command} && cd / && umount {point}"
    )
    return run("unshare", "--mount", "--propagation", "private", "sh", "-c", script)


class Images:
    """Images made once per session."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._root = directory / "root"
        self._made: dict[str, Path] = {}

    def busybox(self, kind: str = "ext4") -> Path:
        """A bootable busybox root in a file system of this kind."""
        if kind not in self._made:
            self._made[kind] = self.of_tree(f"busybox.{kind}", self.root(), kind)
        return self._made[kind]

    def of_tree(self, name: str, tree: Path, kind: str, size: str = "") -> Path:
        """A raw image of this kind of file system with the files of `tree`."""
        path = self.directory / name
        run("truncate", "-s", size or SIZES[kind], str(path))
        run(*MKFS[kind], str(path))
        point = self.directory / "point"
        point.mkdir(exist_ok=True)
        mounted(path, point, f"cp -a {tree}/. .")
        return path

    def empty(self, kind: str = "ext4") -> Path:
        """A file system without files."""
        (self.directory / "nothing").mkdir(exist_ok=True)
        name = f"empty.{kind}"
        if name not in self._made:
            self._made[name] = self.of_tree(name, self.directory / "nothing", kind)
        return self._made[name]

    def context(self, files: dict[str, str]) -> Path:
        """A context ISO as OpenNebula makes it."""
        tree = Path(tempfile.mkdtemp(dir=self.directory))
        for name, text in files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
        path = tree.with_suffix(".iso")
        run("genisoimage", "-quiet", "-o", str(path), "-V", "CONTEXT", "-J", "-R", str(tree))
        return path

    def root(self) -> Path:
        """The tree of a busybox system whose init obeys shutdown and reboot."""
        root = self._root
        if not root.exists():
            for name in DIRECTORIES.split():
                (root / name).mkdir(parents=True)
            shutil.copy(BUSYBOX, root / "bin/busybox")
            for applet in run(str(BUSYBOX), "--list").split():
                if applet != "busybox":
                    (root / "bin" / applet).symlink_to("busybox")
            (root / "sbin/init").symlink_to("../bin/busybox")
            (root / "etc/inittab").write_text(INITTAB)
            (root / "etc/rc").write_text("#!/bin/sh\nifconfig lo up\n[ ! -x /rc ] || /rc\n")
            (root / "etc/rc").chmod(0o755)
            (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
            (root / "etc/group").write_text("root:x:0:\n")
        return root


def data_disk(disk_id: int, path: Path, **more: Any) -> Disk:
    """A data disk at its usual place."""
    return replace(Disk(disk_id, DiskKind.IMAGE, str(path), f"/media/one-disk.{disk_id}"), **more)


def nic(vmid: int, nic_id: int, bridge: str, **more: Any) -> Nic:
    """A NIC named as OpenNebula names it."""
    mac = f"02:00:71:{vmid % 1000 // 100:02x}:{vmid % 100:02x}:{nic_id:02x}"
    made = Nic(nic_id, bridge, f"one-{vmid}-{nic_id}", f"eth{nic_id}", mac)
    return replace(made, **more)
