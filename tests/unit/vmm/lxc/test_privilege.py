from dataclasses import replace

import pytest

from vmm.errors import SpecError
from vmm.lxc.privilege import decide
from vmm.policy import NodePolicy, PrivilegedPolicy
from vmm.spec import Limits, VmSpec

PLAIN = VmSpec(7, Limits(1.0, 1), 0)
ASKING = replace(PLAIN, wants_unprivileged=False)


@pytest.mark.parametrize("policy", PrivilegedPolicy)
def test_what_asks_for_nothing_is_unprivileged(policy: PrivilegedPolicy) -> None:
    decision = decide(PLAIN, NodePolicy(privileged=policy))
    assert (decision.unprivileged, decision.warnings) == (True, ())


def test_by_default_it_is_converted_and_said() -> None:
    decision = decide(ASKING, NodePolicy())
    assert decision.unprivileged
    assert "runs it unprivileged" in decision.warnings[0]


def test_a_node_may_refuse_or_allow() -> None:
    with pytest.raises(SpecError, match="LXC_UNPRIVILEGED: this node runs no privileged"):
        decide(ASKING, NodePolicy(privileged=PrivilegedPolicy.REFUSE))
    assert not decide(ASKING, NodePolicy(privileged=PrivilegedPolicy.ALLOW)).unprivileged
