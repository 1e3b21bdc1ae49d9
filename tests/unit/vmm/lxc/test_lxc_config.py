"""Golden configurations: a change of any line shows in review. NEBULXC_GOLDEN=write renews."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vmm.cgroup.cgroups import Layout
from vmm.errors import DriverError
from vmm.idrange import IdRange
from vmm.lxc import composed, lxc_config
from vmm.lxc.lxc_config import Place
from vmm.node import LXCFS_FILES, Node
from vmm.opennebula import message
from vmm.policy import CpuQuota, NodePolicy, OomPolicy
from vmm.spec import Limits, RawLine, VmSpec

GOLDEN = Path(__file__).parent / "golden"
V1 = Layout(cpu=1, cpuset=1, memory=1, pids=1, devices=1, swap=True)
V2 = Layout(cpu=2, cpuset=2, memory=2, pids=2, devices=2, swap=True)
NODE_V1 = Node(V1, apparmor=False, seccomp=True, lxcfs=())
NODE_V2 = Node(V2, apparmor=True, seccomp=True, lxcfs=LXCFS_FILES)
HOME = "/var/lib/nebulxc/ct/one-4"
PLACE = Place(f"{HOME}/rootfs", "/var/log/nebulxc/one-4", IdRange(1_100_262_144))
PLAIN = VmSpec(4, Limits(1.0, 64 << 20), 0)


def check(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("NEBULXC_GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.fixture
def vm(call: Callable[[str], Any]) -> VmSpec:
    found = call("mock-all-actions/009")  # attach_nic: a VM with two NICs
    return message.parse("attach_nic", found.argv, found.stdin, NodePolicy()).vm


def test_a_captured_vm_unprivileged_on_v1(vm: VmSpec) -> None:
    check("one-4-v1.conf", lxc_config.render(vm, PLACE, NODE_V1, NodePolicy()))


def test_a_captured_vm_unprivileged_on_v2_with_apparmor_and_lxcfs(vm: VmSpec) -> None:
    check("one-4-v2.conf", lxc_config.render(vm, PLACE, NODE_V2, NodePolicy()))


def test_a_privileged_one_with_all_that_a_node_may_choose(vm: VmSpec) -> None:
    limits = replace(vm.limits, swap_bytes=0, cpus="0-1", mems="0")
    policy = NodePolicy(
        cpu_quota=CpuQuota.VCPU,
        oom=OomPolicy.GROUP,
        pids=4096,
        nesting=True,
        tun=True,
        fuse=True,
    )
    extra = [RawLine("lxc.signal.halt", "SIGUSR1"), RawLine("lxc.signal.halt", "SIGUSR2")]
    chosen = replace(vm, limits=limits, nics=(replace(vm.nics[0], mtu=9000),))
    text = lxc_config.render(chosen, replace(PLACE, ids=None), NODE_V2, policy, extra)
    check("one-4-privileged.conf", text)


@pytest.mark.parametrize("place", [PLACE, replace(PLACE, ids=None)])
@pytest.mark.parametrize("node", [NODE_V1, NODE_V2])
def test_what_no_configuration_may_lack_or_have(place: Place, node: Node) -> None:
    text = lines(lxc_config.render(PLAIN, place, node, NodePolicy()))
    assert "lxc.rootfs.managed = 0" in text
    assert "lxc.monitor.unshare = 1" in text
    assert "lxc.net.0.type = empty" in text, "never the host's network"
    assert not any(line.startswith("lxc.include") for line in text)
    assert "lxc.apparmor.allow_nesting = 1" not in text


def test_what_the_node_needs_wins_over_raw_lines() -> None:
    extra = [RawLine("lxc.cgroup.memory.limit_in_bytes", "1")]
    text = lines(lxc_config.render(PLAIN, PLACE, NODE_V1, NodePolicy(), extra))
    ours = text.index(f"lxc.cgroup.memory.limit_in_bytes = {64 << 20}")
    assert text.index("lxc.cgroup.memory.limit_in_bytes = 1") < ours


@pytest.mark.parametrize(
    "bad", ["br0\nlxc.hook.start = /x", "br0\r", "", " br0", "br0\x00", "br\u2028"]
)
def test_a_line_cannot_be_injected_even_past_validation(bad: str) -> None:
    with pytest.raises(DriverError, match="must not be in an LXC configuration"):
        lxc_config.render(PLAIN, PLACE, NODE_V1, NodePolicy(seccomp=bad))


def test_only_lines_that_were_given_may_clear_a_key() -> None:
    cleared = [RawLine("lxc.cap.drop", ""), RawLine("lxc.tty.max", "2")]
    text = lxc_config.render(PLAIN, PLACE, NODE_V1, NodePolicy(), cleared)
    assert "\nlxc.cap.drop =\nlxc.tty.max = 2\n" in text
    with pytest.raises(DriverError, match="must not be in an LXC configuration"):
        lxc_config.render(PLAIN, PLACE, NODE_V1, NodePolicy(), [RawLine("", "")])


class Said:
    """Keeps what is reported."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def info(self, text: str) -> None:
        raise AssertionError(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)


def test_a_marketplace_template_is_deployed_without_its_forbidden_line() -> None:
    vm = replace(
        PLAIN,
        wants_unprivileged=False,
        raw=(RawLine("lxc.apparmor.profile", "unconfined"), RawLine("lxc.tty.max", "2")),
        profiles=("missing",),
    )
    said = Said()
    text = composed.config(vm, PLACE, NODE_V2, NodePolicy(profiles="/nonexistent"), said)
    assert "unconfined" not in text
    assert "lxc.tty.max = 2" in text
    assert len(said.warnings) == 2
