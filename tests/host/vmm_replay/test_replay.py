"""Every captured call of a real front-end, in its order, against real containers."""

import time
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest
from support.frontend import Answer, Call, FrontEnd, vmid
from support.installation import Images, Installation, settled

from vmm import execution, node
from vmm.actions import ACTIONS
from vmm.cgroup import cgroups, limits
from vmm.cgroup.cgroup_tree import CgroupTree
from vmm.opennebula import message
from vmm.spec import Limits, Nic, VmSpec
from vmm.state import CONFIG

pytestmark = pytest.mark.host

SAVE_SUSPEND, BOOT_SUSPENDED = 6, 21
ENDS = {"shutdown", "cancel", "save"}
"""Actions after which nothing of it is left; but a save that is a suspend."""
BOOTS = {"deploy", "reboot", "reset", "restore"}
"""Actions after which it runs with another init; but a restore that is a resume."""
DEFINES = {"deploy", "restore"}
"""Of these, those after which it has the limits of the message."""
LOOKS = {"poll", "attach_nic", "detach_nic", "prereconfigure", "reconfigure", "exec"}
"""Actions that leave it running as it was."""


@pytest.fixture
def placed(installation: Installation, images: Images) -> None:
    """The disks that OpenNebula's datastore drivers would have placed."""
    context = images.context({"context.sh": "RIG='hello'\n"})
    for datastore, here in ((0, vmid(4)), (101, vmid(6))):
        home = Path(installation.policy.datastores, str(datastore), str(here))
        home.mkdir(parents=True)
        (home / "disk.0").write_bytes(images.busybox().read_bytes())
        (home / "disk.1").write_bytes(context.read_bytes())


class Replay:
    """Plays calls one after the other and knows how the container should be."""

    def __init__(self, front: FrontEnd, installation: Installation) -> None:
        self.front = front
        self.installation = installation
        self.clean = installation.traces()
        self.pid: int | None = None
        self.limits: Limits | None = None
        self.nics: set[Nic] = set()
        self.config = ""

    def play(self, call: Call) -> None:
        vm = message.parse(call.action, call.argv, call.stdin, self.installation.policy).vm
        answer = self.front.call(call)
        if call.action not in ACTIONS:
            self.refused(call, answer)
        else:
            assert answer.status == 0, (call.name, answer)
            assert answer.error == "", (call.name, answer)
            self.carried_out(call, vm, answer)

    def refused(self, call: Call, answer: Answer) -> None:
        """One honest line, and nothing changed."""
        said = f"{call.action} is not supported for containers; nothing was changed"
        assert (answer.status, answer.out, answer.err) == (1, "", f"{said}\n"), call.name

    def carried_out(self, call: Call, vm: VmSpec, answer: Answer) -> None:
        pid = CgroupTree(vm.name).init()
        if call.action == "save" and vm.lcm_state == SAVE_SUSPEND:
            assert (answer.out, pid) == ("", self.pid), call.name
            assert CgroupTree(vm.name).frozen(), call.name
        elif call.action in ENDS:
            assert settled(self.installation, self.clean) == self.clean, call.name
            assert (answer.out, pid) == ("", None), call.name
        else:
            assert pid is not None, call.name
            resumed = call.action == "restore" and vm.lcm_state == BOOT_SUSPENDED
            same = resumed or call.action not in BOOTS
            assert (pid == self.pid) == same, call.name
            if call.action in DEFINES and not same:
                self.limits, self.nics = vm.limits, set(vm.nics)
                self.config = self.config_of(vm)
            self.change_nics(call, {replace(nic, attach=False) for nic in vm.nics if nic.attach})
            self.check_running(call, vm, answer)
        self.pid = pid

    def change_nics(self, call: Call, marked: set[Nic]) -> None:
        """What is marked stays marked in the messages after a detach too."""
        if call.action == "attach_nic":
            self.nics |= marked
        elif call.action == "detach_nic":
            self.nics -= marked

    def check_running(self, call: Call, vm: VmSpec, answer: Answer) -> None:
        if call.action == "deploy":
            assert answer.out == f"{vm.name}\n"
        assert self.limits is not None
        attach = self.installation.attach
        assert "RIG='hello'" in attach(vm, "cat", "/context/context.sh")
        assert attach(vm, "cat", "/proc/self/uid_map").split()[1] != "0"
        for nic in vm.nics:
            there = replace(nic, attach=False) in self.nics
            assert Path(f"/sys/class/net/{nic.host_name}/master").exists() == there
        for nic in self.nics:
            assert nic.mac in attach(vm, "ip", "link", "show", nic.guest_name), call.name
        if call.action == "exec":
            self.check_exec(vm)
        wanted = cgroups.settings(self.limits, self.installation.policy, node.layout())
        assert {"cpu", "memory"} <= {setting.file.partition(".")[0] for setting in wanted}
        assert limits.mismatches(CgroupTree(vm.name), wanted) == []
        self.check_config(call, vm)
        self.check_traces(call, vm)

    def config_of(self, vm: VmSpec) -> str:
        """What LXC starts it from."""
        return Path(self.installation.container(vm).state.path(CONFIG)).read_text()

    def check_config(self, call: Call, vm: VmSpec) -> None:
        """It is made by what defines the container, and changed by nothing."""
        lines = self.config_of(vm).splitlines()
        assert "\n".join(lines) == self.config.rstrip("\n"), call.name
        assert {f"lxc.uts.name = {vm.name}", "lxc.rootfs.managed = 0"} <= set(lines), call.name
        assert sum(line.startswith("lxc.idmap = ") for line in lines) == 2, call.name

    def check_traces(self, call: Call, vm: VmSpec) -> None:
        """Its monitor, its root's device and its NICs, and not a thing beside them."""
        wanted = (1, 1, sorted(nic.host_name for nic in self.nics))
        deadline = time.monotonic() + 60  # what ran a command ends a little after the command
        while (found := self.traces_of_a_running_one()) != wanted:
            assert time.monotonic() < deadline, (call.name, found, wanted)
            time.sleep(0.02)
        held = {path for path in self.installation.traces()["files"] if path.endswith(".lock")}
        assert held == set(), call.name
        assert vm.name in self.installation.traces()["processes"][0]

    def traces_of_a_running_one(self) -> tuple[int, int, list[str]]:
        """How many processes and devices, and which interfaces."""
        found = self.installation.traces()
        return len(found["processes"]), len(found["loops"]), sorted(found["interfaces"])

    def check_exec(self, vm: VmSpec) -> None:
        """`uname -a`, its outcome where the probe finds it."""
        state = self.installation.container(vm).state
        deadline = time.monotonic() + 60
        while (record := execution.last(state)) is None or record.status != execution.DONE:
            assert time.monotonic() < deadline, record
            time.sleep(0.02)
        assert record.return_code == 0
        assert b64decode(record.stdout).startswith(f"Linux {vm.name} ".encode())


@pytest.mark.guest
def test_every_call_in_its_order(front: FrontEnd, installation: Installation, placed: None) -> None:
    replay = Replay(front, installation)
    played = front.calls("mock-all-actions")
    for call in played:
        replay.play(call)
    assert {call.action for call in played} >= (BOOTS | ENDS | LOOKS) - {"poll"}
    deploy = next(call for call in reversed(played) if call.action == "deploy")
    cancel = next(call for call in reversed(played) if call.action == "cancel")
    # OpenNebula 7 never polls; the arguments are those of its source.
    poll = replace(cancel, name="poll", action="poll")
    replay.play(poll)
    assert front.call(poll).out == "STATE=a\n"
    again = front.call(deploy)
    assert (again.status, again.out) == (0, f"one-{vmid(6)}\n")
    assert "already running" in again.err
    replay.play(cancel)
    assert front.call(poll).out == "STATE=d\n"
    replay.play(cancel)


@pytest.mark.guest
def test_calls_of_a_local_driver_come_in_base64(
    front: FrontEnd, installation: Installation, images: Images
) -> None:
    home = Path(installation.policy.datastores, "0", str(vmid(3)))
    home.mkdir(parents=True)
    (home / "disk.0").write_bytes(images.busybox().read_bytes())
    (home / "disk.1").write_bytes(images.context({"context.sh": "RIG='hello'\n"}).read_bytes())
    replay = Replay(front, installation)
    calls = {call.action: call for call in front.calls("mock-local-mode")}
    assert not calls["deploy"].stdin.startswith(b"<")
    replay.play(calls["deploy"])
    replay.play(calls["cancel"])
