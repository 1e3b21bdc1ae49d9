"""Containers change hands between OpenNebula's stock driver and ours, in both directions."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.busybox import until
from support.frontend import Answer, Call, FrontEnd, vmid
from support.installation import Installation, mounted, run
from support.stock import Stock

from vmm.cgroup.cgroup_tree import CgroupTree

pytestmark = pytest.mark.host

NAME = f"one-{vmid(4)}"


class Vm:
    """VM 4, asked for through the shims."""

    def __init__(self, front: FrontEnd, installation: Installation, calls: dict[str, Call]) -> None:
        self.front, self.installation, self.calls = front, installation, calls

    def do(self, action: str, said: str = "") -> Answer:
        """An action that must succeed."""
        answer = self.front.call(self.calls[action])
        assert (answer.status, answer.error) == (0, ""), answer
        assert said in answer.err, answer
        return answer

    def pid(self) -> int | None:
        return CgroupTree(NAME).init()

    def ours(self) -> bool:
        return Path(self.installation.policy.state, NAME, "plan.json").exists()

    def inside(self, command: str) -> str:
        path = ("-P", self.installation.policy.lxc, "-n", NAME)
        return run("lxc-attach", *path, "--", "sh", "-c", command)

    def is_down(self) -> bool:
        """Nothing of it runs, and nothing holds its image."""
        traces = self.installation.traces()
        return not (traces["processes"] or traces["mounts"] or traces["loops"])

    def on_disk(self, command: str) -> str:
        """What a command in the powered-off VM's root image writes."""
        image = Path(self.installation.policy.datastores, f"0/{vmid(4)}/disk.0")
        point = self.installation.base / "point"
        point.mkdir(exist_ok=True)
        return mounted(image, point, command)


@pytest.fixture
def vm(front: FrontEnd, installation: Installation, calls: dict[str, Call]) -> Vm:
    return Vm(front, installation, calls)


@pytest.fixture
def uninstalled(front: FrontEnd) -> Callable[[], None]:
    """Nebulxc is not installed on the node until this is called."""
    away = front.helper.with_name("away")
    front.helper.rename(away)
    return lambda: away.rename(front.helper) and None


def test_from_the_stock_driver_to_ours(
    vm: Vm, stock: Stock, uninstalled: Callable[[], None]
) -> None:
    vm.do("deploy")
    before = vm.pid()
    assert before is not None
    vm.inside("echo stock >/kept")
    uninstalled()  # from here on it is installed
    vm.do("reboot")
    assert vm.pid() not in (None, before)
    vm.do("shutdown")
    words = [call.split()[0] for call in stock.calls()]
    assert words == ["deploy", "reboot", "shutdown"]
    assert stock.calls()[2] == " ".join(("shutdown", *vm.calls["shutdown"].argv))
    vm.do("deploy")
    assert vm.ours()
    assert vm.inside("cat /kept; cut -b 1-20 /proc/self/uid_map").split()[0] == "stock"
    vm.do("reboot")
    vm.do("shutdown")
    assert not vm.ours()
    assert len(stock.calls()) == 3
    assert vm.on_disk("cat kept; stat -c %u bin/busybox") == "stock\n0\n"


def test_from_ours_to_the_stock_driver_and_back(vm: Vm, stock: Stock, front: FrontEnd) -> None:
    """The node is retired while a container of ours runs, and taken up again."""
    vm.do("deploy")
    vm.inside("echo ours >/kept")
    before = vm.pid()
    front.retired.touch()
    vm.do("reboot")
    assert vm.ours()
    assert vm.pid() not in (None, before)
    vm.do("shutdown")
    assert (vm.ours(), stock.calls()) == (False, [])
    vm.do("deploy")
    assert vm.inside("cat /kept") == "ours\n"
    front.retired.unlink()
    vm.do("shutdown")
    assert [call.split()[0] for call in stock.calls()] == ["deploy", "shutdown"]
    vm.do("deploy")
    assert vm.ours()
    assert vm.inside("cat /kept") == "ours\n"
    vm.do("cancel")
    assert not vm.ours()
    assert vm.on_disk("cat kept") == "ours\n"


def test_stock_scripts_on_a_container_of_ours_lose_no_data(
    vm: Vm, stock: Stock, front: FrontEnd
) -> None:
    """VM_MAD is put back while a container of ours runs."""
    vm.do("deploy")
    vm.inside("echo ours >/kept")
    ours, front.shims = front.shims, stock.scripts
    answer = front.call(vm.calls["shutdown"])  # stops it, then finds nothing of its own to unmount
    assert (answer.status, vm.pid()) == (32, None)
    until(vm.is_down, "the hooks of our container")
    run("lxc-destroy", "-P", stock.lxc, "-n", NAME)
    assert vm.on_disk("cat kept") == "ours\n"
    # LXC 5.0 destroys nothing of a container whose root it does not manage, its definition neither.
    assert "already exists" in front.call(vm.calls["deploy"]).err
    front.shims = ours
    vm.do("deploy", "took the stock driver's place")
    assert vm.inside("cat /kept") == "ours\n"
    vm.do("cancel")
    assert not vm.ours()


def test_deploy_takes_the_place_of_a_container_that_ended_by_itself(
    vm: Vm, stock: Stock, uninstalled: Callable[[], None]
) -> None:
    vm.do("deploy")
    vm.inside("echo stock >/kept")
    run("lxc-stop", "-P", stock.lxc, "-n", NAME)
    assert (stock.has / "disk.0" / "kept").exists()
    uninstalled()
    vm.do("deploy", "took the stock driver's place")
    assert vm.ours()
    assert vm.inside("cat /kept") == "stock\n"
    assert not stock.has.exists()
    assert not list((stock.mapper / "disk.0").iterdir())
    vm.do("cancel")


def test_what_other_namespaces_hold_of_it_is_let_go(
    vm: Vm, stock: Stock, uninstalled: Callable[[], None]
) -> None:
    """As monitors of other containers do, where / is not shared."""
    vm.do("deploy")
    private = ("unshare", "--mount", "--propagation", "private")
    with subprocess.Popen([*private, "sh", "-c", "echo; exec sleep 1000"], stdout=-1) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        try:
            run("lxc-stop", "-P", stock.lxc, "-n", NAME)
            uninstalled()
            vm.do("deploy", "took the stock driver's place")
            vm.do("cancel")
            assert holder.poll() is None
        finally:
            holder.kill()


def test_a_running_container_of_the_stock_driver_is_left_alone(
    vm: Vm, stock: Stock, uninstalled: Callable[[], None], front: FrontEnd
) -> None:
    vm.do("deploy")
    before = vm.pid()
    uninstalled()
    answer = front.call(vm.calls["deploy"])
    assert answer.status == 1
    assert f"{NAME} runs (pid {before}), started by the stock driver; power it off" in answer.error
    assert vm.pid() == before
    assert not vm.ours()
    vm.do("cancel")
    assert [call.split()[0] for call in stock.calls()] == ["deploy", "cancel"]


def test_another_programs_container_of_that_name_is_left_alone(
    vm: Vm, stock: Stock, front: FrontEnd
) -> None:
    stub = Path(stock.lxc, NAME)
    stub.mkdir()
    (stub / "config").write_text("lxc.uts.name = theirs\n")
    answer = front.call(vm.calls["deploy"])
    assert "belongs to a container that this driver did not make" in answer.error
    assert (stub / "config").read_text() == "lxc.uts.name = theirs\n"
