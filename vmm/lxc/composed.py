"""A VM's LXC configuration with all that goes into it: node, policy, profiles, RAW/DATA."""

from vmm.lxc import lxc_config, profiles, raw
from vmm.lxc.lxc_config import Place
from vmm.node import Node
from vmm.policy import NodePolicy
from vmm.report import Report
from vmm.spec import VmSpec


def config(vm: VmSpec, place: Place, node: Node, policy: NodePolicy, report: Report) -> str:
    """The text of the configuration; what the node leaves out is reported."""
    found = (profiles.load(vm.profiles, policy), raw.filtered(vm.raw, policy))
    for warning in (text for part in found for text in part.warnings):
        report.warning(warning)
    extra = [line for part in found for line in part.lines]
    return lxc_config.render(vm, place, node, policy, extra)
