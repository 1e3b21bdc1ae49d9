"""A start that counts: init alive through the settle time, the limits in force."""

from collections.abc import Callable

from vmm import attempt
from vmm.actions.cancel import end, host_ends
from vmm.cgroup import cgroups, limits
from vmm.container import Container
from vmm.errors import DriverError
from vmm.site import Site
from vmm.spec import VmSpec
from vmm.undo import Undo

GIVE_UP_SECONDS = 5.0
"""How long the monitor of a failed start may take for its stop hooks."""


def start(
    site: Site, container: Container, vm: VmSpec, undo: Undo, wanted: Callable[[], bool]
) -> None:
    """Start it; `undo` ends it again and leaves its definition. `wanted` tells whether the start
    is still waited for: the container's lock is held by the caller until it counts."""
    undo.add("stop it", lambda: end(container, host_ends(vm), GIVE_UP_SECONDS))
    container.start(site.policy.start_timeout)
    pid = container.settle(wanted)
    settings = cgroups.settings(vm.limits, site.policy, site.node().layout)
    for problem in limits.mismatches(container.cgroups, settings):
        site.report.warning(f"{vm.name}: {problem}")
    container.state.sync()
    if not wanted():
        raise DriverError(f"{vm.name}: the caller is gone: start given up")
    attempt.move(container.state, attempt.RUNNING)
    site.report.info(f"{vm.name} runs (pid {pid})")
