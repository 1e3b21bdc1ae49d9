"""What is kept of a VM as it is applied: it changes with the running container."""

import os

from vmm import applied
from vmm.lean.value import asdict, replace
from vmm.plan import PlannedNic
from vmm.policy import NodePolicy
from vmm.spec import Nic, VmSpec
from vmm.state import SPEC, State


def keep(state: State, vm: VmSpec, uid: int, policy: NodePolicy) -> None:
    """Write down the VM as it is now applied, and for the page what of it is no secret."""
    state.write(SPEC, asdict(vm))
    applied.write(state, vm, uid, _group(policy))


def keep_nic(state: State, nic: Nic, policy: NodePolicy) -> None:
    """Write down that the container has this NIC now."""
    _keep_nics(state, nic, (replace(nic, attach=False),), policy)


def forget_nic(state: State, nic: Nic, policy: NodePolicy) -> None:
    """Write down that it has it no longer."""
    _keep_nics(state, nic, (), policy)


def _keep_nics(state: State, nic: Nic, now: tuple[Nic, ...], policy: NodePolicy) -> None:
    stored = state.require(SPEC)
    nics = tuple(Nic(**entry) for entry in stored["nics"])
    nics = (*(other for other in nics if other.nic_id != nic.nic_id), *now)
    state.write(SPEC, {**stored, "nics": asdict(nics)})
    applied.renew_nics(state, nics, _group(policy))


def _group(policy: NodePolicy) -> int:
    """The page's group, which the journal's directory has."""
    return os.stat(os.path.dirname(policy.journal)).st_gid


def spec(state: State) -> VmSpec:
    """The VM as it was applied; NotFound when the container is not defined."""
    import msgspec

    return msgspec.convert(state.require(SPEC), VmSpec)


def planned_nic(nic: Nic) -> PlannedNic:
    """What the hooks make of a NIC."""
    openvswitch = nic.bridge_type.startswith("openvswitch")
    return PlannedNic(nic.host_name, nic.guest_name, nic.mac, nic.bridge, openvswitch, nic.mtu)
