"""Every captured call of a real front-end, in its order, against real containers."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.frontend import Answer, Call, FrontEnd, vmid
from support.installation import Images, Installation, settled

from vmm import cgroups, limits, node
from vmm.actions import ACTIONS
from vmm.cgroup_tree import CgroupTree
from vmm.opennebula import message
from vmm.spec import Limits, VmSpec

pytestmark = pytest.mark.host

RUNS = {"deploy", "reboot", "reset", "poll"}
"""Actions after which the container runs."""
ENDS = {"shutdown", "cancel"}
"""Actions after which nothing of it is left."""


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
        if call.action in ENDS:
            assert settled(self.installation, self.clean) == self.clean, call.name
            assert (answer.out, pid) == ("", None), call.name
        else:
            assert pid is not None, call.name
            assert (pid == self.pid) == (call.action == "poll"), call.name
            self.check_running(call, vm, answer)
        self.pid = pid

    def check_running(self, call: Call, vm: VmSpec, answer: Answer) -> None:
        if call.action == "deploy":
            assert answer.out == f"{vm.name}\n"
            self.limits = vm.limits
        assert self.limits is not None
        attach = self.installation.attach
        assert "RIG='hello'" in attach(vm, "cat", "/context/context.sh")
        assert attach(vm, "cat", "/proc/self/uid_map").split()[1] != "0"
        assert vm.nics[0].mac in attach(vm, "ip", "link", "show", vm.nics[0].guest_name)
        assert Path(f"/sys/class/net/{vm.nics[0].host_name}/master").exists()
        wanted = cgroups.settings(self.limits, self.installation.policy, node.layout())
        assert {"cpu", "memory"} <= {setting.file.partition(".")[0] for setting in wanted}
        assert limits.mismatches(CgroupTree(vm.name), wanted) == []


@pytest.mark.guest
def test_every_call_in_its_order(front: FrontEnd, installation: Installation, placed: None) -> None:
    replay = Replay(front, installation)
    played = front.calls("mock-all-actions")
    for call in played:
        replay.play(call)
    assert {call.action for call in played} >= (RUNS | ENDS) - {"poll"}
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
