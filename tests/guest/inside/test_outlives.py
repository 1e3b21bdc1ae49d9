"""Whether a container outlives what started it: a unit, an ssh session. And the agent its unit."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from boxes.box import Box, Make
from boxes.shell import sh, until

pytestmark = pytest.mark.guest

UNITS = Path("/run/systemd/system")


@pytest.fixture
def unit() -> Iterator[str]:
    """The name of a unit that the test may start; ended afterwards."""
    yield "starter.service"
    sh("systemctl stop starter.service 2>/dev/null; systemctl reset-failed", check=False)


def cgroup_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cgroup").read_text(encoding="ascii").strip()


def start_in(unit: str, box: Box, *properties: str) -> None:
    """lxc-start from a service which stays up as long as it is not stopped."""
    options = " ".join(f"-p {name}" for name in properties)
    command = f"lxc-start -n {box.name}; exec sleep 600"
    sh(f"systemd-run -q --unit={unit} {options} /bin/sh -c '{command}'")
    until(box.running_pid)


@pytest.mark.parametrize(
    "properties",
    [(), ("Delegate=yes", "KillMode=control-group")],
    ids=["plain", "delegated"],
)
def test_it_outlives_a_unit_that_is_stopped(
    make: Make, unit: str, properties: tuple[str, ...]
) -> None:
    """LXC moves monitor and payload to the cgroup root: stopping the unit does not reach them."""
    box = make("one-3", start=False)
    start_in(unit, box, *properties)
    init = box.running_pid()
    assert cgroup_of(init).startswith("0::/lxc.payload.one-3")
    sh(f"systemctl stop {unit}")
    assert sh(f"systemctl show -P ActiveState {unit}").strip() == "inactive"
    assert box.running_pid() == init


@pytest.fixture
def key(tmp_path: Path) -> Iterator[Path]:
    """A key that root's own sshd accepts."""
    sh(f"ssh-keygen -q -t ed25519 -N '' -f {tmp_path}/key")
    accepted = Path("/root/.ssh/authorized_keys")
    before = accepted.read_text(encoding="ascii")
    accepted.write_text(before + (tmp_path / "key.pub").read_text("ascii"), encoding="ascii")
    yield tmp_path / "key"
    accepted.write_text(before, encoding="ascii")


def test_it_outlives_the_ssh_session_that_started_it(make: Make, key: Path) -> None:
    box = make("one-3", start=False)
    options = "-oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -oBatchMode=yes"
    command = "echo $XDG_SESSION_ID; lxc-start -n one-3; exec sleep 600"
    argv = ["ssh", "-i", str(key), *options.split(), "root@localhost", command]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdout is not None
        number = session.stdout.readline().strip()
        init = until(box.running_pid)
        assert "session" not in cgroup_of(init)
        sh(f"loginctl terminate-session {number}")
        session.wait(300)
    assert box.running_pid() == init
