"""What the host's restart changes under a container, and what must not follow it."""

import time
from collections.abc import Iterator

import pytest
from boxes.watching import Shown, Watch
from vm.session import Session

pytestmark = pytest.mark.guest

SETUP = """
set -e
lvcreate -q -y -n lv-one-5-0 -L 300M vg-one-0
lvcreate -q -y -n lv-one-6-0 -L 300M vg-one-0
mkfs.ext4 -q /dev/vg-one-0/lv-one-6-0
mount /dev/vg-one-0/lv-one-6-0 /mnt
tar -C /mnt -xf /opt/roots/busybox.tar
umount /mnt
mkdir -p /var/lib/lxc/one-6/rootfs
cat > /var/lib/lxc/one-6/config <<'CONFIG'
lxc.include = /usr/share/lxc/config/common.conf
lxc.uts.name = one-6
lxc.rootfs.path = /dev/vg-one-0/lv-one-6-0
lxc.net.0.type = empty
lxc.apparmor.profile = unconfined
CONFIG
lxc-start -n one-6
# its number will be free at the next boot
lvremove -q -y vg-one-0/lv-one-5-0
"""
# Not by lxc-autostart: Debian's lxc.service does not wait for volume groups to be activated.
START = """
timeout 300 sh -c 'until test -b /dev/vg-one-0/lv-one-6-0; do sleep 0.5; done'
lxc-start -n one-6
"""
END = """
lxc-stop -k -n one-6
while pgrep -f '^.lxc monitor. .* one-6$'; do sleep 0.2; done
rm -rf /var/lib/lxc/one-6
lvremove -q -y vg-one-0/lv-one-6-0
"""
NUMBER = "lvs --noheadings -o lv_kernel_minor vg-one-0/lv-one-6-0"


@pytest.fixture
def container(machine: Session) -> Iterator[str]:
    """one-6, running on a volume whose number will be another one after a restart."""
    machine.guest.run(SETUP)
    yield "one-6"
    machine.guest.run(END, check=False)


def source(shown: Shown) -> str:
    ((labels, _),) = shown.find("lxc_disk_info", container="one-6")
    return str(labels["source"])


def test_a_volume_keeps_its_name_when_its_number_changes(
    machine: Session, container: str, watch: Watch
) -> None:
    before = watch.until(lambda one: one.find("lxc_disk_info", container=container))
    minor = machine.guest.run(NUMBER).stdout
    assert source(before) == "vg-one-0/lv-one-6-0"
    machine.reboot()
    machine.guest.run(START)
    assert machine.guest.run(NUMBER).stdout != minor, "the test needs another number"
    watch.start()
    after = watch.until(lambda one: one.find("lxc_disk_info", container=container))
    assert source(after) == "vg-one-0/lv-one-6-0"
    command = "dd if=/dev/zero of=/root/f bs=1M count=20 conv=fsync 2>/dev/null"
    machine.guest.run(f"lxc-attach -n {container} -- sh -c '{command}'")
    later = watch.next()
    told = "lxc_disk_written_bytes_total"
    total = sum(v for _, v in later.find(told, container=container))
    earlier = sum(v for _, v in after.find(told, container=container))
    assert total - earlier == pytest.approx(20 << 20, rel=0.06)


def test_its_clock_keeps_time_after_a_restart(machine: Session) -> None:
    """A restart on a busy machine may find a wrong frequency; the kernel must notice."""
    machine.reboot()

    def uptime() -> tuple[float, float, float]:
        """The guest's own, and ours before and after it was asked."""
        asked = time.monotonic()
        said = machine.guest.run("cut -d' ' -f1 /proc/uptime").stdout
        return float(said), asked, time.monotonic()

    first, began, told = uptime()
    time.sleep(20)
    last, asked, ended = uptime()
    clocks = machine.guest.run("cat /sys/devices/system/clocksource/*/current_clocksource").stdout
    assert 0.8 * (asked - told) <= last - first <= 1.25 * (ended - began), clocks
