"""A VM of a test installation and what `nebulxc doctor` says of it."""

import os
from collections.abc import Iterator

from support.busybox import obeys, until
from support.installation import Installation

from control.doctor.finding import NODE, Finding
from control.doctor.round import Round
from vmm.cgroup.cgroup_tree import CgroupTree
from vmm.container import Container
from vmm.host import Host
from vmm.spec import VmSpec

VMID = 71500 + os.getpid() % 90
OTHER = VMID + 1000
"""A VM that was never ours."""


class Ours(Installation):
    """An installation with the containers of this test alone."""

    def traces(self) -> dict[str, list[str]]:
        names = [f"one-{vmid}" for vmid in (VMID, OTHER)]
        links = [n for n in os.listdir("/sys/class/net") if n.rpartition("-")[0] in names]
        return super().traces() | {"interfaces": links}

    def _cgroups(self) -> Iterator[str]:
        for vmid in (VMID, OTHER):
            yield from CgroupTree(f"one-{vmid}").directories()


class Ward:
    """One VM and what the doctor says of it."""

    def __init__(self, installation: Installation, vm: VmSpec) -> None:
        self.installation, self.vm = installation, vm
        self.container: Container = installation.container(vm)
        self.state = self.container.state

    def look(self) -> Round:
        return Round(self.installation.policy, Host())

    def findings(self) -> list[Finding]:
        return [one for one in self.look().findings if one.subject != NODE]

    def one(self, what: str) -> Finding:
        """The only thing that is amiss."""
        (found,) = self.findings()
        assert what in found.what, found
        assert found.subject == self.vm.name
        return found

    def repaired(self) -> None:
        """Everything that is amiss is mended."""
        look = self.look()
        assert [one for one in look.findings if one.subject != NODE]
        problems = [one.problem for one in look.repair() if one.finding.subject != NODE]
        assert problems
        assert set(problems) == {""}, problems
        assert self.findings() == []

    def deploy(self) -> "Ward":
        self.installation.do("deploy", self.vm)
        return self

    def halt(self) -> "Ward":
        """It ends by itself: nothing of OpenNebula's cleans up behind it."""
        init = self.container.init()
        assert init is not None
        until(lambda: obeys(init), "init to heed signals")
        assert self.container.shut_down(60)
        return self
