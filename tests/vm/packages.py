"""Debian packages: what this machine needs, and where the guest's come from.

The guest is bootstrapped from whatever this machine's own apt is configured to use; no host is
written down anywhere.
"""

import os
import re
import shutil
import time
from pathlib import Path

from vm.process import CommandError, run
from vm.settings import Release

# program → packages: the program is what we look for, so that nothing is installed twice.
FOR_THE_MACHINE = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "cpio": "cpio",
    "depmod": "kmod",
    "strip": "binutils",
    "busybox": "busybox-static",
    "ssh": "openssh-client",
    "zstd": "zstd",
    "lz4": "lz4",
    "ip": "iproute2",
    "git": "git",
    "cc": "gcc libc6-dev",
}
FOR_A_ROOT = {name: FOR_THE_MACHINE[name] for name in ("mmdebstrap", "zstd")}
FOR_CEPH = {
    "ceph-mon": "ceph-mon",
    "ceph-mgr": "ceph-mgr",
    "ceph-osd": "ceph-osd",
    "rbd": "ceph-common",
}
APT_GET = ("apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=1800", "--no-install-recommends")
QUIET = {"DEBIAN_FRONTEND": "noninteractive"}


def ensure(programs: dict[str, str]) -> None:
    """Install the packages of those programs that are not there. Needs root."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    wanted = [names for name, names in programs.items() if shutil.which(name, path=path) is None]
    missing = sorted({package for names in wanted for package in names.split()})
    if not missing:
        return
    if os.geteuid() != 0:
        raise CommandError(f"not root and missing: run apt-get install {' '.join(missing)}")
    try:
        run(*APT_GET, "install", *missing, env=QUIET)
    except CommandError:  # the lists may be older than the archive
        _update_lists()
        run(*APT_GET, "install", *missing, env=QUIET)


def _update_lists(patience_s: float = 1800) -> None:
    """`apt-get update`, which unlike install does not wait for another apt to end."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            run("apt-get", "-q", "-o", "Acquire::Retries=3", "update", env={"LC_ALL": "C"})
        except CommandError as error:
            if "Could not get lock" not in str(error) or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(5)


def sources(release: Release) -> str:
    """sources.list lines of `release`, from where this machine gets its own Debian packages."""
    fields = "$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)"
    targets = run("apt-get", "indextargets", "--format", fields, "Created-By: Packages")
    ours = _own_codename()
    lines = []
    for target in targets.splitlines():
        uri, suite, component, origin = target.split(maxsplit=3)
        if origin == "Debian" and suite.startswith(ours):
            theirs = release.codename + suite.removeprefix(ours)
            lines.append(f"deb {uri} {theirs} {component}")
    if not lines:
        raise CommandError("apt knows no Debian archive: run apt-get update, then try again")
    return "\n".join(dict.fromkeys(lines)) + "\n"


def _own_codename() -> str:
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    found = re.search(r"^VERSION_CODENAME=(\w+)", text, re.MULTILINE)
    if not found:
        raise CommandError("/etc/os-release names no VERSION_CODENAME: is this Debian?")
    return found.group(1)


def apt_options() -> str:
    """This machine's own way of fetching (proxies, certificates, dates), as apt.conf text."""
    kept = re.compile(r"Acquire::(https?|Check|Retries|ForceIPv)[^ ]* ")
    lines = [line for line in run("apt-config", "dump").splitlines() if kept.match(line)]
    return "\n".join([*lines, 'Acquire::Languages "none";']) + "\n"
