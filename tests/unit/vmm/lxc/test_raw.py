import pytest

from vmm.errors import SpecError
from vmm.lxc import raw
from vmm.policy import NodePolicy, RawPolicy
from vmm.spec import RawLine

FORBIDDEN = [
    "lxc.apparmor.profile = unconfined",
    "lxc.hook.pre-start = /bin/sh",
    "lxc.mount.entry = / mnt none bind 0 0",
    "lxc.mount.auto = proc:rw",
    "lxc.rootfs.path = dir:/",
    "lxc.rootfs.managed = 1",
    "lxc.idmap = u 0 0 65536",
    "lxc.include = /tmp/x",
    "lxc.seccomp.profile = /dev/null",
    "lxc.cap.drop = none",
    "lxc.cap.keep = sys_admin",
    "lxc.net.0.type = none",
    "lxc.cgroup.devices.allow = a",
    "lxc.cgroup2.devices.allow = a",
    "lxc.cgroup.dir = x",
    "lxc.cgroup.relative = 1",
    "lxc.sysctl.kernel.core_pattern = |/x",
    "lxc.init.cmd = /bin/sh",
    "lxc.log.file = /etc/passwd",
    "lxc.console.logfile = /etc/passwd",
    "lxc.namespace.share.net = 1",
    "lxc.execute.cmd = /bin/sh",
    "lxc.ephemeral = 1",
    "lxc.monitor.unshare = 0",
    "lxc.uts.name = x",
    "lxc.start.auto = 1",
    "lxc.signalx.halt = x",
    "lxc.signal = x",
]
ALLOWED = [
    "lxc.signal.halt = SIGUSR1",
    "lxc.cgroup.memory.swappiness = 10",
    "lxc.cgroup2.io.weight = default 50",
    "lxc.cgroup.blkio.throttle.read_bps_device = 8:0 1048576",
    "lxc.cgroup.blkio.throttle.read_bps_device = 8:16 1048576",
    "lxc.environment = A=b c",
    "lxc.prlimit.nofile = 1024",
    "lxc.sysctl.net.core.somaxconn = 256",
    "lxc.tty.max = 2",
]


def test_forbidden_keys_are_dropped_with_a_warning_each() -> None:
    found = raw.filtered(raw.parse("\n".join(FORBIDDEN)), NodePolicy())
    assert found.lines == ()
    assert len(found.warnings) == len(FORBIDDEN)
    assert all("is not allowed on this node" in warning for warning in found.warnings)
    assert found.warnings[0] == (
        "/VM/TEMPLATE/RAW/DATA: lxc.apparmor.profile is not allowed on this node: line left out"
    )


def test_allowed_keys_keep_their_order_and_repetition() -> None:
    found = raw.filtered(raw.parse("\n".join(ALLOWED)), NodePolicy())
    assert [f"{line.key} = {line.value}" for line in found.lines] == ALLOWED
    assert found.warnings == ()


@pytest.mark.parametrize("line", FORBIDDEN)
def test_a_strict_node_refuses(line: str) -> None:
    with pytest.raises(SpecError, match=r"driver\.raw_allow"):
        raw.filtered(raw.parse(line), NodePolicy(raw=RawPolicy.REFUSE))


def test_a_node_may_widen_the_list() -> None:
    policy = NodePolicy(raw_allow=("lxc.apparmor.profile", "lxc.hook.pre-start"))
    text = "lxc.apparmor.profile = unconfined\nlxc.hook.pre-start = /x\nlxc.apparmor.raw = x"
    found = raw.filtered(raw.parse(text), policy)
    assert [line.key for line in found.lines] == ["lxc.apparmor.profile", "lxc.hook.pre-start"]


@pytest.mark.parametrize(
    "line",
    [
        RawLine("lxc.tty.max", "1\nlxc.hook.start = /x"),
        RawLine("lxc.tty.max", "1\x85lxc.hook.start = /x"),
        RawLine("lxc.tty.max = 1\nlxc.x", "y"),
        RawLine("lxc.signal.\thalt", "x"),
        RawLine("lxc.signal.", "x"),
        RawLine("lxc.tty.max", ""),
        RawLine("", ""),
    ],
)
def test_a_malformed_line_never_passes(line: RawLine) -> None:
    found = raw.filtered([line], NodePolicy(raw_allow=("lxc.*",)))
    assert found.lines == ()
    assert all(warning.isprintable() for warning in found.warnings)
