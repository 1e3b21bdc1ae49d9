"""What OpenNebula's user can and cannot bring root to do through the one sudo entry."""

import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.frontend import BRIDGE, ENVIRONMENT, USER, Call, FrontEnd, vmid
from support.installation import Images, Installation, settled

from vmm.cgroup.cgroup_tree import CgroupTree

pytestmark = pytest.mark.host

HERE = str(vmid(4))
NAME = f"one-{HERE}"
AS_USER = ["/usr/bin/setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]


@pytest.fixture
def deploy(front: FrontEnd, installation: Installation, images: Images) -> Call:
    """The first captured deploy, its disks in place."""
    home = Path(installation.policy.datastores, f"0/{HERE}")
    home.mkdir(parents=True)
    (home / "disk.0").write_bytes(images.busybox().read_bytes())
    (home / "disk.1").write_bytes(images.context({"context.sh": "A=1\n"}).read_bytes())
    return front.calls("mock-all-actions")[0]


def cancel(front: FrontEnd) -> None:
    call = next(c for c in front.calls("mock-all-actions") if c.action == "cancel")
    assert front.call(call).status == 0


def changed(call: Call, old: str, new: str) -> Call:
    text = call.stdin.decode()
    assert old in text
    return replace(call, stdin=text.replace(old, new).encode())


def test_only_actions_with_their_arguments_are_taken(front: FrontEnd) -> None:
    helper = ["/usr/bin/sudo", "-n", str(front.helper)]
    for words in ([], ["sh"], ["../deploy"], ["deploy"], ["deploy", "a", "b"], ["-c", "x"]):
        ran = subprocess.run(AS_USER + helper + words, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stdout) == (1, ""), words
        assert len(ran.stderr.splitlines()) == 1, ran.stderr


def test_sudo_runs_nothing_else_and_keeps_no_variable(front: FrontEnd) -> None:
    sudo = ["/usr/bin/sudo", "-n"]
    for words in (
        ["id"],
        [f"{front.helper}x"],
        ["-u", "root", "/bin/sh", "-c", "id"],
        ["-E", str(front.helper), "poll"],
        ["PYTHONPATH=/tmp", str(front.helper), "poll"],
        ["-g", "shadow", str(front.helper), "poll"],
    ):
        ran = subprocess.run(AS_USER + sudo + words, capture_output=True, text=True, check=False)
        assert ran.returncode == 1, words
        assert "sudo: " in ran.stderr, (words, ran.stderr)


def test_surroundings_of_the_callers_decide_nothing(front: FrontEnd, tmp_path: Path) -> None:
    """A `vmm` in the working directory, Python's variables, a preloaded library."""
    trap = tmp_path / "trap"
    (trap / "vmm").mkdir(parents=True)
    sprung = tmp_path / "sprung"
    code = f"open({str(sprung)!r}, 'w')\n"
    for name in ("vmm/__init__.py", "sitecustomize.py", "os.py", "control.py"):
        (trap / name).write_text(code)
    hostile = {
        "PYTHONPATH": str(trap),
        "PYTHONHOME": str(trap),
        "PYTHONSTARTUP": str(trap / "os.py"),
        "LD_PRELOAD": str(trap / "x.so"),
        "ENV": str(trap / "x"),
        "BASH_ENV": str(trap / "x"),
        "NEBULXC_CONFIG": str(trap / "x"),
    }
    argv = front.command("poll", NAME, "h", HERE, "h")
    env = ENVIRONMENT | {k: v for k, v in hostile.items() if k != "LD_PRELOAD"}
    ran = subprocess.run(argv, cwd=trap, env=env, input=b"<VM/>", capture_output=True, check=False)
    assert ran.returncode == 1
    assert b"/VM/" in ran.stderr, ran.stderr
    assert not sprung.exists()


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_configuration_that_others_can_write_is_not_read(
    front: FrontEnd, deploy: Call, mode: int
) -> None:
    front.config.chmod(mode)
    answer = front.call(deploy)
    assert answer.status == 1
    assert "can be written by others than root" in answer.error


def test_a_mistake_in_the_configuration_is_one_line(front: FrontEnd, deploy: Call) -> None:
    front.configure(oom='"kil"', colour='"red"')
    answer = front.call(deploy)
    assert (answer.status, len(answer.err.splitlines())) == (1, 1)
    assert "driver.colour: unknown key" in answer.err


def test_errors_are_one_line_that_says_what_to_do(
    front: FrontEnd, installation: Installation, deploy: Call
) -> None:
    before = installation.traces()
    home = Path(installation.policy.datastores, f"0/{HERE}")
    for wrong, said in (
        (changed(deploy, BRIDGE, "nxvpnone"), "there is no bridge nxvpnone on this host"),
        (changed(deploy, "<CPU><![CDATA[0.5]]>", "<CPU><![CDATA[x]]>"), "/VM/TEMPLATE/CPU: 'x'"),
        (changed(deploy, f"{NAME}-0", "eth0"), "/VM/TEMPLATE/NIC[1]/TARGET: 'eth0' is not"),
    ):
        answer = front.call(wrong)
        assert (answer.status, answer.out) == (1, "")
        assert said in answer.error
    (home / "disk.0").rename(home / "gone")
    assert "disk.0 does not exist" in front.call(deploy).error
    (home / "disk.0").symlink_to("/etc/shadow")
    assert "outside of" in front.call(deploy).error
    assert settled(installation, before) == before
    log = Path(installation.policy.log, NAME, "action.log").read_text()
    assert f"deploy {NAME}: ERROR: disk 0 of {NAME}" in log
    assert "Traceback" in log


def test_a_marketplace_template_deploys_unedited(front: FrontEnd, deploy: Call) -> None:
    asking = changed(
        deploy, "<LXC_UNPRIVILEGED><![CDATA[YES]]>", "<LXC_UNPRIVILEGED><![CDATA[false]]>"
    )
    raw = "<RAW><DATA><![CDATA[lxc.apparmor.profile=unconfined]]></DATA><TYPE>lxc</TYPE></RAW>"
    answer = front.call(changed(asking, "<VMID>", f"{raw}<VMID>"))
    assert (answer.status, answer.error) == (0, "")
    warnings = [line for line in answer.err.splitlines() if line.startswith("INFO: warning: ")]
    assert len(warnings) == 2, answer.err
    assert "runs it unprivileged" in answer.err
    assert "lxc.apparmor.profile is not allowed on this node: line left out" in answer.err
    cancel(front)


def test_ended_after_the_start_and_before_its_answer(
    front: FrontEnd, installation: Installation, deploy: Call
) -> None:
    """OpenNebula takes it for a failure: what runs by then is taken back."""
    program = front.helper.read_text()
    late = "import os, vmm.logs as l; l.expire = lambda _: os.kill(os.getpid(), 15); "
    front.helper.write_text(program.replace("-c '", f"-c '{late}"))
    before = installation.traces()
    answer = front.call(deploy)
    assert (answer.status, answer.out) == (128 + signal.SIGTERM, "")
    assert f"{NAME} runs (pid" in answer.err
    assert "ended by signal 15: what it had begun was undone" in answer.error
    assert settled(installation, before) == before


class HeldStart:
    """A deploy whose pre-start hook waits until `let_go`."""

    def __init__(self, front: FrontEnd, installation: Installation) -> None:
        self._front = front
        self._installation = installation
        self._gate = installation.base / "gate"
        self._gate.touch()
        fast = installation.hook.read_text().removeprefix("#!/bin/sh\n")
        wait = f'[ "$1" != pre-start ] || while [ -e {self._gate} ]; do sleep 0.05; done\n'
        installation.hook.write_text(f"#!/bin/sh\n{wait}{fast}")
        self.process: subprocess.Popen[bytes] | None = None

    def begin(self, call: Call) -> subprocess.Popen[bytes]:
        self.process = subprocess.Popen(
            self._front.command(call.action, *call.argv),
            env=ENVIRONMENT,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(call.stdin)
        self.process.stdin.close()
        deadline = time.monotonic() + 120
        while not any("pre-start" in line for line in self._installation.traces()["processes"]):
            assert time.monotonic() < deadline, "lxc-start did not come up"
            time.sleep(0.02)
        return self.process

    def let_go(self) -> None:
        self._gate.unlink(missing_ok=True)

    def end(self) -> None:
        self.let_go()
        if self.process is not None:
            self.process.kill()
            self.process.wait(200)
            for stream in (self.process.stdout, self.process.stderr):
                if stream is not None:
                    stream.close()


@pytest.fixture
def held(front: FrontEnd, installation: Installation) -> Iterator[HeldStart]:
    made = HeldStart(front, installation)
    yield made
    made.end()


@pytest.mark.parametrize("how", ["ssh is gone", "SIGTERM", "SIGKILL of sudo"])
def test_nothing_comes_up_after_the_caller_is_gone(
    held: HeldStart, installation: Installation, deploy: Call, how: str
) -> None:
    before = installation.traces()
    process = held.begin(deploy)
    if how == "SIGTERM":
        process.send_signal(signal.SIGTERM)
    elif how == "SIGKILL of sudo":
        process.kill()
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    process.wait(200)
    deadline = time.monotonic() + 120
    while installation.traces()["processes"] and time.monotonic() < deadline:
        time.sleep(0.1)
    held.let_go()
    time.sleep(1)
    assert CgroupTree(NAME).init() is None
    assert settled(installation, before) == before
