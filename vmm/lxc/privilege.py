"""Whether a container runs unprivileged: what its template asks for against the node's policy."""

from vmm.errors import SpecError
from vmm.lean.value import Value
from vmm.policy import NodePolicy, PrivilegedPolicy
from vmm.spec import VmSpec

XPATH = "/VM/USER_TEMPLATE/LXC_UNPRIVILEGED"


class Decision(Value):
    """How the container runs, and what to tell in the VM's log about it."""

    unprivileged: bool
    warnings: tuple[str, ...] = ()


def decide(vm: VmSpec, policy: NodePolicy) -> Decision:
    """Unprivileged, unless both the template and the node want otherwise."""
    if vm.wants_unprivileged:
        return Decision(unprivileged=True)
    if policy.privileged is PrivilegedPolicy.ALLOW:
        return Decision(unprivileged=False)
    if policy.privileged is PrivilegedPolicy.REFUSE:
        raise SpecError(
            XPATH,
            "this node runs no privileged containers",
            "remove the attribute, or set driver.privileged to allow or convert",
        )
    said = f"{XPATH}: the template asks for a privileged container; this node runs it unprivileged"
    return Decision(unprivileged=True, warnings=(said,))
