"""The machine's network: a namespace with a loopback and no way out."""

from pathlib import Path

from vm.process import CommandError, run
from vm.settings import CEPH_IP

RUN_NETNS = Path("/run/netns")


def create(name: str) -> None:
    """Make the namespace with Ceph's address on its loopback; nothing when it exists."""
    if (RUN_NETNS / name).exists():
        return
    run("ip", "netns", "add", name)
    run("ip", "-n", name, "link", "set", "lo", "up")
    run("ip", "-n", name, "addr", "add", f"{CEPH_IP}/32", "dev", "lo")


def delete(name: str) -> None:
    """Remove the namespace. Its processes must have been ended before."""
    if not (RUN_NETNS / name).exists():
        return
    left = run("ip", "netns", "pids", name).split()
    if left:
        raise CommandError(f"network namespace {name} still has processes: {' '.join(left)}")
    run("ip", "netns", "delete", name)


def inside(name: str) -> tuple[str, ...]:
    """Prefix of a command that runs in the namespace.

    Not `ip netns exec`: that also enters a private mount namespace, which hides FUSE mounts.
    """
    return ("nsenter", f"--net={RUN_NETNS / name}", "--")
