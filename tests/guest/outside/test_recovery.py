"""What becomes of containers when their host is restarted: in order, by a power cut, or left off.

The tests stand in the order of a node's life: each finds what the one before it left.
"""

import json
from collections.abc import Iterator

import pytest
from vm.session import Session
from vm.settings import GUEST_CHECKOUT, GUEST_PYTHON

pytestmark = [pytest.mark.guest, pytest.mark.timeout(2400)]

NODE = f"{GUEST_PYTHON} -I {GUEST_CHECKOUT}/tests/guest/boxes/own_node.py"
CONFIG = """\
[driver]
after_boot = "{}"
raw_allow = ["lxc.start.auto"]
"""
WHOLE, BY_HAND, SUSPENDED, BY_LXC, LATE = 22101, 22102, 22103, 22104, 22105
BRIDGES = {WHOLE: "lxcbr0", LATE: "late0"}
LATE_UNITS = """
cat > /etc/systemd/system/late-bridge.service <<'UNIT'
[Service]
ExecStart=/root/late-bridge
[Install]
WantedBy=multi-user.target
UNIT
cat > /etc/systemd/system/what-ssh-sees.service <<'UNIT'
[Unit]
After=ssh.service
[Service]
ExecStart=/root/what-ssh-sees
[Install]
WantedBy=multi-user.target
UNIT
cat > /root/late-bridge <<'SCRIPT'
#!/bin/sh
# Late, and not before it is on record what ssh saw while it was missing.
sleep 60
until test -e /run/during; do sleep 1; done
ip link add late0 type bridge && ip link set late0 up
SCRIPT
cat > /root/what-ssh-sees <<'SCRIPT'
#!/bin/sh
# The probe of STATE_VM, as OpenNebula would run it from the first moment on.
probe() { echo '<MONITOR_CONFIGURATION/>' | /opt/nebulxc/bin/nebulxc-probe vm/status; }
# In one piece: the probe warns that no agent runs before it has looked.
ls /run/nebulxc > /run/during.part
probe >> /run/during.part 2>&1
mv /run/during.part /run/during
while test -e /run/nebulxc/recovering; do sleep 0.2; done
probe > /run/after.part 2>&1
mv /run/after.part /run/after
SCRIPT
chmod +x /root/late-bridge /root/what-ssh-sees
ip link add late0 type bridge
ip link set late0 up
systemctl daemon-reload
systemctl enable -q late-bridge what-ssh-sees
"""
VM = (
    "<VM><ID>{id}</ID><STATE>3</STATE><LCM_STATE>{lcm}</LCM_STATE><TEMPLATE><CPU>0.5</CPU>"
    "<MEMORY>64</MEMORY><VMID>{id}</VMID>{disks}{more}</TEMPLATE><USER_TEMPLATE/>"
    "<HISTORY_RECORDS><HISTORY><OID>{id}</OID><SEQ>0</SEQ><HOSTNAME>node</HOSTNAME><DS_ID>0</DS_ID>"
    "</HISTORY></HISTORY_RECORDS></VM>"
)
DISK = (
    "<DISK><DISK_ID>{n}</DISK_ID><DISK_TYPE>FILE</DISK_TYPE><DRIVER>raw</DRIVER>"
    "<FORMAT>raw</FORMAT><TYPE>FILE</TYPE><TARGET>sd{letter}</TARGET><READONLY>NO</READONLY></DISK>"
)
NIC = (
    "<NIC><NIC_ID>0</NIC_ID><BRIDGE>{bridge}</BRIDGE><VN_MAD>bridge</VN_MAD>"
    "<MAC>02:00:22:{a}:{b}:00</MAC><TARGET>one-{id}-0</TARGET></NIC>"
)
AUTOSTART = "<RAW><TYPE>lxc</TYPE><DATA>lxc.start.auto = 1</DATA></RAW>"
DATA = "<VMM_DRIVER_ACTION_DATA><HOST>node</HOST><DEPLOY_ID>one-{}</DEPLOY_ID>{}"
SAVE, SUSPEND = f"{DATA}</VMM_DRIVER_ACTION_DATA>", 6


def xml(vmid: int, lcm: int = 2) -> str:
    """The VM as OpenNebula describes it."""
    disks = DISK.format(n=0, letter="a")
    if vmid == WHOLE:
        disks += DISK.format(n=1, letter="b")
    more = AUTOSTART if vmid == BY_LXC else ""
    if vmid in BRIDGES:
        number = f"{vmid:05}"
        more += NIC.format(id=vmid, bridge=BRIDGES[vmid], a=number[1:3], b=number[3:])
    return VM.format(id=vmid, lcm=lcm, disks=disks, more=more)


class Node:
    """The machine as a node of OpenNebula's."""

    def __init__(self, machine: Session) -> None:
        self.machine = machine

    def sh(self, command: str, stdin: str = "", *, check: bool = True) -> str:
        return self.machine.guest.run(command, stdin=stdin.encode(), check=check).stdout

    def action(self, name: str, vmid: int, words: str, stdin: str) -> None:
        self.sh(f"/opt/nebulxc/bin/nebulxc-action {name} {words} {vmid} node", stdin)

    def deploy(self, vmid: int) -> None:
        self.action("deploy", vmid, "/deployment.0 node", xml(vmid))

    def configure(self, after_boot: str) -> None:
        self.sh("mkdir -p /etc/nebulxc; cat > /etc/nebulxc/nebulxc.toml", CONFIG.format(after_boot))

    def running(self) -> set[int]:
        names = self.sh("lxc-ls --running -1").split()
        return {int(name.removeprefix("one-")) for name in names if name.startswith("one-")}

    def told(self) -> str:
        """What the unit said in this boot."""
        return self.sh("journalctl --sync; journalctl -b -o cat -u nebulxc-recover")

    def seen_by_ssh(self) -> tuple[str, str]:
        """What was told when ssh came up, and when nothing was held back any more."""
        self.sh("timeout 500 sh -c 'until test -e /run/after; do sleep 1; done'")
        return self.sh("cat /run/during"), self.sh("cat /run/after")

    def inside(self, vmid: int, command: str) -> str:
        return self.sh(f"lxc-attach -n one-{vmid} --clear-env -- /bin/sh -c '{command}'")


@pytest.fixture(scope="module")
def node(machine: Session) -> Iterator[Node]:
    made = Node(machine)
    made.configure("start")
    made.sh(NODE)
    made.sh(LATE_UNITS)
    for vmid in (WHOLE, BY_HAND, SUSPENDED, BY_LXC, LATE):
        home = f"/var/lib/one/datastores/0/{vmid}"
        made.sh(f"mkdir -p {home}; cp /var/lib/one/images/busybox.ext4 {home}/disk.0")
        made.sh(f"cp /var/lib/one/images/empty.ext4 {home}/disk.1")
        made.deploy(vmid)
    made.inside(WHOLE, "echo kept > /media/one-disk.1/f; sync")
    yield made
    for vmid in (WHOLE, BY_HAND, SUSPENDED, BY_LXC, LATE):
        cancelled = SAVE.format(vmid, xml(vmid))
        made.action("cancel", vmid, f"one-{vmid} node", cancelled)
    units = "late-bridge what-ssh-sees"
    made.sh(f"systemctl disable -q --now {units}")
    made.sh("! test -e /sys/class/net/late0 || ip link del late0")  # it may be yet to come
    made.sh(f"{NODE} remove")
    made.sh("cd /etc/systemd/system && rm late-bridge.service what-ssh-sees.service")
    made.sh("rm /root/late-bridge /root/what-ssh-sees; systemctl daemon-reload")


@pytest.fixture(scope="module")
def ids(node: Node) -> str:
    """The host ids of the container before any restart."""
    return node.inside(WHOLE, "cat /proc/self/uid_map")


def is_whole(node: Node, ids: str) -> None:
    """Disks, ids, NIC and limits are those of before."""
    assert node.inside(WHOLE, "cat /media/one-disk.1/f") == "kept\n"
    assert node.inside(WHOLE, "cat /proc/self/uid_map") == ids
    assert node.inside(WHOLE, "cat /sys/class/net/eth0/address").strip() == "02:00:22:21:01:00"
    assert node.sh("basename $(readlink /sys/class/net/one-22101-0/master)").strip() == "lxcbr0"
    group = "/sys/fs/cgroup/lxc.payload.one-22101"
    assert node.sh(f"cat {group}/memory.max {group}/cpu.weight").split() == ["67108864", "50"]


def states(text: str) -> set[int]:
    """The VMs of a STATE_VM."""
    return {vmid for vmid in (WHOLE, BY_HAND, SUSPENDED, BY_LXC, LATE) if str(vmid) in text}


def test_after_a_restart_what_ran_runs_again(node: Node, ids: str) -> None:
    node.sh(f"lxc-stop -k -n one-{BY_HAND}")
    suspend = SAVE.format(SUSPENDED, xml(SUSPENDED, SUSPEND))
    node.action("save", SUSPENDED, f"one-{SUSPENDED} /checkpoint node", suspend)
    assert node.running() == {WHOLE, SUSPENDED, BY_LXC, LATE}  # to LXC a frozen one runs
    node.machine.reboot()
    assert node.running() == {WHOLE, BY_LXC, LATE}, node.told()
    is_whole(node, ids)
    told = node.told()
    for vmid in (WHOLE, LATE):
        assert f"one-{vmid}: started" in told
    for vmid in (BY_HAND, SUSPENDED):
        assert str(vmid) not in told
    assert node.sh("systemctl is-active nebulxc-recover").strip() == "active"


def test_no_state_was_told_meanwhile(node: Node) -> None:
    """From before ssh was up until all were back."""
    during, after = node.seen_by_ssh()
    assert "recovering" in during
    assert states(during) == set()
    assert states(after) == {WHOLE, BY_HAND, SUSPENDED, BY_LXC, LATE}
    assert after.count("RUNNING") == 3
    assert node.sh("ls /run/nebulxc").split().count("recovering") == 0


def test_one_of_debians_own_autostart_came_up_through_the_hooks(node: Node) -> None:
    assert f"one-{BY_LXC}: started" not in node.told()
    assert node.inside(BY_LXC, "cat /proc/self/uid_map").split()[1] != "0"
    record = json.loads(node.sh(f"cat /var/lib/nebulxc/ct/one-{BY_LXC}/disks.json"))
    assert [one["boot_id"] for one in record] == [
        node.sh("cat /proc/sys/kernel/random/boot_id").strip()
    ]
    group = f"/sys/fs/cgroup/lxc.payload.one-{BY_LXC}"
    assert node.sh(f"cat {group}/memory.max").strip() == "67108864"


def test_after_a_power_cut_too(node: Node, ids: str) -> None:
    node.machine.reboot(power_cut=True)
    assert node.running() == {WHOLE, BY_LXC, LATE}, node.told()
    is_whole(node, ids)


def test_left_off_a_resume_starts_it(node: Node, ids: str) -> None:
    """By default. Debian's autostart is not Nebulxc's to decide."""
    node.configure("leave")
    node.machine.reboot()
    assert node.running() == {BY_LXC}
    assert f"one-{WHOLE}: left" in node.told()
    during, _ = node.seen_by_ssh()
    assert "recovering" not in during
    assert states(during) == {WHOLE, BY_HAND, SUSPENDED, BY_LXC, LATE}
    for vmid in (WHOLE, SUSPENDED):
        node.deploy(vmid)
    is_whole(node, ids)
    assert node.running() == {WHOLE, SUSPENDED, BY_LXC}
