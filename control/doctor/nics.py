"""Host ends of NICs: those that outlived their container, and those that a running one lacks."""

import os
import re
from collections.abc import Iterator
from functools import partial

from control.doctor.finding import Finding
from control.doctor.sight import Life, Sight
from vmm.errors import DriverError
from vmm.nics import netlink, network
from vmm.plan import Plan
from vmm.state import PLAN

_NAME = re.compile(r"(one-\d+)-\d+")


def check(sight: Sight) -> Iterator[Finding]:
    """Only veths under OpenNebula's names for containers of ours."""
    idle = sight.idle
    for name in sorted(os.listdir(network.NET)):
        match = _NAME.fullmatch(name)
        if match and match[1] in idle and _is_veth(name):
            yield Finding(
                match[1],
                f"the host end {name} of a NIC is left over",
                f"{network.NET}/{name}",
                f"remove the interface {name}",
                partial(network.remove, name),
            )
    for life in sight.running:
        yield from _lacking(life)


def _is_veth(name: str) -> bool:
    found = netlink.find(name)
    return found is not None and found.kind == "veth"


def _lacking(life: Life) -> Iterator[Finding]:
    try:
        plan = Plan.from_json(life.container.state.require(PLAN))
    except (DriverError, KeyError, TypeError):
        return
    for nic in plan.nics:
        bridge = f"{network.NET}/{nic.host_name}/master"
        if not os.path.exists(f"{network.NET}/{nic.host_name}"):
            problem = f"the host has no interface {nic.host_name}"
        elif os.path.basename(os.path.realpath(bridge)) != nic.bridge and not nic.openvswitch:
            problem = f"{nic.host_name} is not on the bridge {nic.bridge}"
        else:
            continue
        remedy = "detach and attach the NIC in OpenNebula, or reboot the VM"
        yield Finding(life.name, problem, bridge, remedy)
