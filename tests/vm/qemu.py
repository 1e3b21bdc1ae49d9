"""One emulated machine: its disks, its start from cold or from a snapshot, its end.

Software emulation only: where this suite must run there is no usable KVM.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vm import netns
from vm.process import CommandError, Service, run
from vm.qmp import Monitor
from vm.settings import Instance
from vm.ssh import PORT

DISKS = {"root": "", "lvm": "4G", "data": "4G"}
"""vda, vdb, vdc; the size of what does not lie over the image's root."""

READY = "ready"
"""The snapshot every run starts from."""

PROCESSORS, MEMORY_MB = 2, 1536
# Without tsc=reliable: a loaded machine lets the guest calibrate the TSC wrongly, and only the
# kernel's own watchdog, which that switches off, then finds out and takes the ACPI timer.
KERNEL_LINE = (
    "console=ttyS0 quiet mitigations=off nokaslr random.trust_cpu=on"
    " no_timer_check systemd.unified_cgroup_hierarchy=1 systemd.show_status=0 net.ifnames=0"
    " apparmor=1 security=apparmor psi=1"
)


def version() -> str:
    """The emulator's version: a snapshot is for one only."""
    return run("qemu-system-x86_64", "--version").splitlines()[0]


def create_disks(root: Path, directory: Path) -> None:
    """Empty overlays and disks for a machine that boots from `root` (raw)."""
    make = ("qemu-img", "create", "-q", "-f", "qcow2")
    run(*make, "-F", "raw", "-b", str(root), str(directory / "root.qcow2"))
    for name, size in DISKS.items():
        if size:
            run(*make, str(directory / f"{name}.qcow2"), size)


def copy_disks(source: Path, directory: Path) -> None:
    """A machine's own copy of disks and the snapshots in them."""
    for name in DISKS:
        file = f"{name}.qcow2"
        run("cp", "--reflink=auto", "--sparse=always", str(source / file), str(directory / file))


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of `instance`, with kernel and initramfs from `image`."""

    instance: Instance
    image: Path

    @property
    def service(self) -> Service:
        """The QEMU process."""
        return Service(self.instance.directory / "qemu.pid", self.instance.directory / "qemu.log")

    @property
    def serial(self) -> Path:
        """What the guest's kernel and init wrote to their console."""
        return self.instance.directory / "console.log"

    def start(self, *, snapshot: str | None = None, bound: bool) -> None:
        """Start QEMU, from cold or from `snapshot`; the guest may take a while to answer."""
        if self.service.identity():
            command = f"{self.instance.command} down"
            raise CommandError(f"{self.instance.name} is running: {command} ends it")
        netns.create(self.instance.namespace)
        self._socket.unlink(missing_ok=True)
        restore = ["-loadvm", snapshot] if snapshot else []
        argv = [*netns.inside(self.instance.namespace), *self._argv(), *restore]
        self.service.start(argv, bound=bound)
        self._wait_for_monitor()

    @property
    def _socket(self) -> Path:
        return self.instance.directory / "monitor"

    def _argv(self) -> list[str]:
        disks = []
        for name in DISKS:
            file = self.instance.directory / f"{name}.qcow2"
            drive = f"if=none,id={name},file={file},format=qcow2,cache=unsafe,discard=unmap"
            disks += ["-drive", drive, "-device", f"virtio-blk-pci,drive={name},serial={name}"]
        return [
            "qemu-system-x86_64",
            *("-name", self.instance.name),
            *("-M", "pc,hpet=off", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "Nehalem"),
            *("-smp", str(PROCESSORS), "-m", str(MEMORY_MB)),
            *("-kernel", str(self.image / "vmlinux"), "-initrd", str(self.image / "initrd.img")),
            *("-append", KERNEL_LINE),
            *disks,
            *("-device", "virtio-rng-pci"),
            *("-nic", f"user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:{PORT}-:22"),
            *("-display", "none", "-vga", "none"),
            *("-serial", f"file:{self.serial}"),
            *("-qmp", f"unix:{self._socket},server=on,wait=off"),
        ]

    def _wait_for_monitor(self, patience: float = 300) -> None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            with suppress(CommandError), self.monitor() as monitor:
                monitor.execute("query-status")
                return
            time.sleep(0.1)
            if self.service.wait(0):
                break
        raise CommandError(f"QEMU did not start: {self.service.said()}")

    def monitor(self) -> Monitor:
        """A session with QEMU's monitor."""
        return Monitor(self._socket)

    def show_console(self) -> None:
        """Print the last lines of the guest's console, before it is deleted."""
        if self.serial.exists():
            tail = self.serial.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
            print("\n".join(["last lines of the guest's console:", *tail]))

    def save(self, name: str) -> None:
        """Keep memory, devices and disks as they are now, inside the disks' files."""
        with self.monitor() as monitor:
            monitor.human(f"savevm {name}")

    def restore(self, name: str) -> None:
        """Go back to a snapshot; open connections into the guest are dead then."""
        with self.monitor() as monitor:
            monitor.human(f"loadvm {name}")

    def power_cut(self) -> None:
        """Reset without warning, as when the power fails and comes back."""
        with self.monitor() as monitor:
            monitor.execute("system_reset")

    def end(self) -> None:
        """End QEMU at once; what the guest had not written is lost."""
        self.service.end(grace=5)
