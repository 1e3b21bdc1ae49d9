"""Images of a real Ceph under a container: what krbd's own counters tell, whatever Ceph does."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from boxes.watching import Shown, Watch
from vm.session import Session

pytestmark = pytest.mark.guest

MIB = 1 << 20
WRITTEN, READ = "lxc_rbd_written_bytes_total", "lxc_rbd_read_bytes_total"
WRITES, READS = "lxc_rbd_writes_completed_total", "lxc_rbd_reads_completed_total"
SIZE, MAPPED = "lxc_rbd_size_bytes", "lxc_rbd_mapped"

# Whole at once: the kernel would write the rest of the inode tables (8 MiB) some seconds later.
CONTAINER = """
set -e
mkdir -p /var/lib/lxc/one-9/rootfs
mkfs.ext4 -q -E nodiscard,lazy_itable_init=0,lazy_journal_init=0 /dev/rbd/one/one-9-0
mount /dev/rbd/one/one-9-0 /mnt
tar -C /mnt -xf /opt/roots/busybox.tar
umount /mnt
cat > /var/lib/lxc/one-9/config <<'CONFIG'
lxc.include = /usr/share/lxc/config/common.conf
lxc.uts.name = one-9
lxc.rootfs.path = /dev/rbd/one/one-9-0
lxc.net.0.type = empty
lxc.apparmor.profile = unconfined
CONFIG
lxc-start -n one-9
"""

Mapped = Callable[[str], None]


@pytest.fixture
def mapped(machine: Session) -> Iterator[Mapped]:
    """Make images of 512 MiB in the pool `one` and map them in the guest."""
    with ExitStack() as undo:

        def one(name: str) -> None:
            machine.ceph.client("rbd", "create", f"one/{name}", "-s", "512M")
            undo.callback(machine.ceph.client, "rbd", "rm", "--no-progress", f"one/{name}")
            machine.guest.run(f"rbd --id oneadmin map one/{name}")
            unmap = f"! test -b /dev/rbd/one/{name} || rbd --id oneadmin unmap one/{name}"
            undo.callback(machine.guest.run, unmap)

        yield one


@pytest.fixture
def container(machine: Session, mapped: Mapped) -> Iterator[str]:
    """one-9, running on the image one/one-9-0."""
    mapped("one-9-0")
    machine.guest.run(CONTAINER)
    yield "one-9"
    end = "lxc-stop -k -n one-9; while pgrep -f '^.lxc monitor. .* one-9$'; do sleep 0.2; done"
    machine.guest.run(f"{end}; rm -rf /var/lib/lxc/one-9")


def grown(metric: str, before: Shown, after: Shown, image: str = "one-9-0") -> float:
    earlier, later = (one.get(metric, image=image) for one in (before, after))
    assert earlier is not None
    assert later is not None
    return later - earlier


def inside(machine: Session, command: str) -> None:
    machine.guest.run(f"lxc-attach -n one-9 -- sh -c '{command}'")


def test_a_known_write_and_read(machine: Session, container: str, watch: Watch) -> None:
    before = watch.next()
    ((labels, _),) = before.find(MAPPED, image="one-9-0")
    assert labels["container"] == container
    assert labels["pool"] == "one"
    assert before.get(SIZE, image="one-9-0") == 512 * MIB
    inside(machine, "dd if=/dev/zero of=/root/f bs=1M count=32 conv=fsync 2>/dev/null")
    written = watch.next()
    assert grown(WRITTEN, before, written) == pytest.approx(32 * MIB, rel=0.05)
    # the same bytes once more, told by the cgroup instead of the device
    ((_, by_cgroup),) = written.find("lxc_disk_written_bytes_total", container=container)
    ((_, earlier),) = before.find("lxc_disk_written_bytes_total", container=container)
    assert by_cgroup - earlier == pytest.approx(32 * MIB, rel=0.05)
    machine.guest.run("echo 3 > /proc/sys/vm/drop_caches")
    inside(machine, "cat /root/f > /dev/null")
    assert grown(READ, written, watch.next()) == pytest.approx(32 * MIB, rel=0.1)


def test_known_operations(machine: Session, container: str, watch: Watch) -> None:
    """Each direct write and read is a request of its own; the journal's come beside them."""
    inside(machine, "dd if=/dev/zero of=/root/f bs=64k count=200 conv=fsync 2>/dev/null")
    before = watch.next()
    direct = "dd if=/dev/zero of=/root/f bs=64k count=200 conv=notrunc oflag=direct"
    inside(machine, f"{direct} 2>/dev/null")
    written = watch.next()
    assert 200 <= grown(WRITES, before, written) <= 350
    inside(machine, "dd if=/root/f of=/dev/null bs=64k iflag=direct 2>/dev/null")
    assert 200 <= grown(READS, written, watch.next()) <= 350


def test_rbd_bench_is_another_client(machine: Session, mapped: Mapped, watch: Watch) -> None:
    """librbd's own I/O does not pass this host's mapping: it is not ours to tell."""
    mapped("idle")
    before = watch.until(lambda one: one.get(SIZE, image="idle"))
    bench = ("rbd", "bench", "--io-type", "write", "--io-size", "64K", "--io-total", "8M")
    said = machine.ceph.client(*bench, "one/idle")
    assert "bytes/sec" in said
    assert grown(WRITTEN, before, watch.next(), "idle") == 0


def test_resized_while_watched(machine: Session, container: str, watch: Watch) -> None:
    assert watch.next().get(SIZE, image="one-9-0") == 512 * MIB
    machine.ceph.client("rbd", "resize", "--no-progress", "-s", "768M", "one/one-9-0")
    after = watch.until(lambda one: one.get(SIZE, image="one-9-0") == 768 * MIB)
    assert not after.errors


def test_unmapped_while_watched(machine: Session, mapped: Mapped, watch: Watch) -> None:
    mapped("idle")
    before = watch.until(lambda one: one.get(MAPPED, image="idle") == 1)
    ((labels, _),) = before.find(MAPPED, image="idle")
    assert "container" not in labels
    machine.guest.run("rbd --id oneadmin unmap one/idle")
    after = watch.until(lambda one: not one.find(MAPPED, image="idle"))
    assert not after.find(WRITTEN, image="idle")
    assert not after.errors


def test_unmapped_by_force_under_a_container(
    machine: Session, container: str, watch: Watch
) -> None:
    """The container goes on without its disk; what is gone is absent, and nothing fails."""
    before = watch.until(lambda one: one.find("lxc_disk_info", container=container))
    assert before.get(MAPPED, image="one-9-0") == 1
    machine.guest.run("rbd --id oneadmin unmap -o force one/one-9-0")
    after = watch.until(lambda one: not one.find(MAPPED, image="one-9-0"))
    assert not after.find(SIZE, image="one-9-0")
    assert not after.find(WRITTEN, image="one-9-0")
    assert after.get("lxc_state", container=container, state="running") == 1
    assert after.get("lxc_memory_usage_bytes", container=container) is not None
    assert not watch.coming(3)[-1].errors


def test_cycles_go_on_while_ceph_does_not_answer(
    machine: Session, container: str, watch: Watch
) -> None:
    before = watch.next()
    machine.ceph.pause()
    try:
        writer = "dd if=/dev/zero of=/root/g bs=1M count=16 conv=fsync 2>/dev/null"
        # a unit's own PATH is not the container's: Debian 13's has no /bin
        attach = f"lxc-attach -n one-9 --clear-env -- /bin/sh -c '{writer}'"
        machine.guest.run(f"systemd-run -q --unit=writer {attach}")
        # whatever waits for Ceph would not return: that these end is the proof
        shown = watch.coming(10)
        writing = machine.guest.run("systemctl is-active writer", check=False).stdout.strip()
        assert writing == "active", "the test needs a writer that waits for Ceph"
    finally:
        machine.ceph.resume()
    assert not shown[-1].errors
    for metric in (MAPPED, SIZE, WRITTEN):
        assert shown[-1].get(metric, image="one-9-0") is not None
    assert shown[-1].get("lxc_memory_usage_bytes", container="one-9") is not None
    # what was waiting gets there
    watch.until(lambda one: grown(WRITTEN, before, one) >= 15 * MIB)
