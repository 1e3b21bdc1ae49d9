"""Where the machine's files live and what the releases differ in."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
IMAGE_PARTS = Path(__file__).resolve().parent / "image"
CACHE = Path(os.environ.get("NEBULXC_VM_CACHE", "/var/cache/nebulxc-vm")).absolute()

CEPH_IP = "10.77.0.1"
"""On the loopback of the machine's network namespace. The guest reaches it through QEMU's user
network, which connects from inside that namespace: the address dialled is the one announced,
which krbd insists on."""

GUEST_CHECKOUT = "/root/nebulxc"
GUEST_PYTHON = "/opt/nebulxc-test/bin/python"
GUEST_RESULTS = "/root/results"
GUEST_WHEELS = "/opt/wheels"
"""What `nebulxc install node` needs where there is no network."""


@dataclass(frozen=True, slots=True)
class Release:
    """A Debian release the guest can be of."""

    codename: str
    title: str
    python: str
    """The release's own Python: the wheels in the image are for this one."""


RELEASES = {
    release.codename: release
    for release in (
        Release("bookworm", "Debian 12", "3.11"),
        Release("trixie", "Debian 13", "3.13"),
    )
}
USUAL = RELEASES["bookworm"]
"""The one that is meant where none is named."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One virtual machine of this checkout: several with different names run side by side."""

    name: str
    release: Release

    @property
    def directory(self) -> Path:
        """Disks, sockets, pid records and logs of this machine; gone after `down`."""
        return CACHE / "run" / self.name

    @property
    def namespace(self) -> str:
        """The network namespace QEMU and Ceph live in."""
        return f"nebulxc-{self.name}"

    @property
    def command(self) -> str:
        """scripts/vm with the options that lead to this machine."""
        words = ["scripts/vm"]
        if self.release != USUAL:
            words += ["--release", self.release.codename]
        if self.name != default_name(self.release):
            words += ["--name", self.name]
        return " ".join(words)


def default_name(release: Release) -> str:
    """A name per checkout and release, so that two checkouts do not share a machine."""
    return f"{hashlib.sha256(bytes(CHECKOUT)).hexdigest()[:6]}-{release.codename}"
