"""A machine with all that belongs to it, from nothing to nothing."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self

from vm import cache, image, netns, qemu
from vm.ceph import Ceph
from vm.process import CommandError
from vm.settings import CACHE, Instance
from vm.ssh import Guest
from vm.step import step


@dataclass(frozen=True, slots=True)
class Session:
    """The machine of one instance: emulator, way in, cluster."""

    instance: Instance
    machine: qemu.Machine
    guest: Guest
    ceph: Ceph

    @classmethod
    def of(cls, instance: Instance) -> Self:
        """The session of an instance, running or not."""
        link = instance.directory / "image"
        guest = Guest(instance, link / "key")
        return cls(instance, qemu.Machine(instance, link), guest, Ceph(instance))

    @classmethod
    def attach(cls, instance: Instance) -> Self:
        """The session of a running machine; CommandError when there is none."""
        session = cls.of(instance)
        if session.machine.service.identity() is None:
            raise CommandError(
                f"no machine {instance.name} is running: {instance.command} up starts it"
            )
        if not session.guest.connected():
            session.guest.connect(session.machine.service, bound=False)
        return session

    def up(self, *, bound: bool, cold: bool = False) -> None:
        """Start from the image's snapshot, or from cold on its disks."""
        built = image.build(self.instance.release)
        directory = self.instance.directory
        with step(f"{'cold boot' if cold else 'start from the snapshot'}"):
            directory.mkdir(parents=True)
            (directory / "image").symlink_to(built)
            # the overlay names its backing file relatively
            (directory / "root.raw").symlink_to(built / "root.raw")
            qemu.copy_disks(built, directory)
            self._start(snapshot=None if cold else qemu.READY, bound=bound)

    def _start(self, *, snapshot: str | None, bound: bool) -> None:
        try:
            self.machine.start(snapshot=snapshot, bound=bound)
            self.guest.connect(self.machine.service, bound=bound)
            self._set_clock()
        except CommandError:
            self.machine.show_console()
            raise

    def _set_clock(self) -> None:
        """A restored guest has the snapshot's clock."""
        self.guest.run(f"date -s @{time.time():.3f} >/dev/null")

    def reset(self) -> None:
        """Back to the snapshot, with disks and all, in seconds."""
        self.guest.disconnect()
        self.machine.restore(qemu.READY)
        self.guest.connect(self.machine.service, bound=False)
        self._set_clock()

    def reboot(self, *, power_cut: bool = False) -> None:
        """Restart the guest and wait until systemd says that it is up."""
        before = self._boot()
        if power_cut:
            self.machine.power_cut()
        else:
            self.guest.run("systemctl reboot", check=False)
        self.guest.disconnect()
        deadline = time.monotonic() + 600
        while True:
            self.guest.connect(self.machine.service, bound=False)
            with suppress(CommandError):  # it went down under the connection
                if self._boot() != before:
                    break
            if time.monotonic() > deadline:
                raise CommandError(f"the guest did not restart in 600 s: {self.guest.hint}")
            self.guest.disconnect()
            time.sleep(1)
        self._wait_until_up()

    def _boot(self) -> str:
        return self.guest.run("cat /proc/sys/kernel/random/boot_id", timeout=120).stdout

    def _wait_until_up(self, patience: float = 600) -> None:
        """`--wait` alone gives up where systemd, busy with booting, does not answer in 25 s."""
        deadline = time.monotonic() + patience
        ask, said = "systemctl is-system-running --wait", ""
        while said not in ("running", "degraded"):
            if time.monotonic() > deadline:
                raise CommandError(f"the guest is {said!r} after {patience:.0f} s")
            said = self.guest.run(ask, check=False).stdout.strip()
            time.sleep(0.2)

    def ceph_up(self, *, bound: bool) -> None:
        """Start the cluster and give the guest what a client needs."""
        with step("Ceph"):
            self.ceph.start(bound=bound)
            for path, content in self.ceph.guest_files().items():
                self.guest.run(f"mkdir -p /etc/ceph && cat > {path}", stdin=content.encode())

    def about(self) -> dict[str, str]:
        """Distribution, kernel and versions of the guest, as it said when the image was made."""
        text = (self.instance.directory / "image/about.json").read_text(encoding="utf-8")
        about: dict[str, str] = json.loads(text)
        return about

    def down(self) -> None:
        """End everything that this instance has, also what a killed run left."""
        self.guest.disconnect()
        self.ceph.end()
        self.machine.end()
        netns.delete(self.instance.namespace)
        cache.remove(self.instance.directory)


@contextmanager
def alone(instance: Instance) -> Iterator[None]:
    """No other command may start or end this instance meanwhile."""
    lock = CACHE / "run" / f"{instance.name}.lock"
    try:
        with cache.locked(lock, wait=False):
            yield
    except BlockingIOError as error:
        raise CommandError(
            f"another scripts/vm is busy with {instance.name}: wait, or give this one a --name"
        ) from error
