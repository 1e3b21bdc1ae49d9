"""deploy: define the container, start it, and see its init stay alive; or leave nothing."""

from vmm import attempt, cgroups, definition, limits, located, logs, network, preflight, privilege
from vmm.actions.cancel import end, host_ends
from vmm.container import Container
from vmm.errors import DriverError
from vmm.site import Site, listening
from vmm.spec import Message, VmSpec
from vmm.undo import Undo

GIVE_UP_SECONDS = 5.0
"""How long the monitor of a failed start may take for its stop hooks."""


def run(site: Site, message: Message) -> str:
    """The container's name, which becomes the VM's DEPLOY_ID."""
    container = site.container(message.vm.name)
    # Each question to the cgroups reads the groups of all containers, of every controller.
    lives = bool(container.cgroups.directories())
    pid = container.init() if lives else None
    # A frozen one is left of a suspended VM that OpenNebula has stopped or moved since.
    if pid is not None and not container.cgroups.frozen():
        attempt.move(container.state, attempt.RUNNING)
        site.report.info(f"{container.name} is already running (pid {pid})")
        return container.name
    vm = located.located(message.vm, site.policy, located.HostPaths())
    decision = privilege.decide(vm, site.policy)
    for warning in (*decision.warnings, *_about_console(vm)):
        site.report.warning(warning)
    preflight.check(vm, site.host, site.policy)
    if lives or container.state.present:
        _clear_remains(container, vm)
    network.remove_all((), host_ends(vm))
    with Undo() as undo:
        _start(site, container, vm, undo, unprivileged=decision.unprivileged)
        undo.commit()
    logs.expire(site.policy)
    return container.name


def _start(site: Site, container: Container, vm: VmSpec, undo: Undo, *, unprivileged: bool) -> None:
    definition.define(site, container, vm, undo, unprivileged=unprivileged)
    undo.add("stop it", lambda: end(container, host_ends(vm), GIVE_UP_SECONDS))
    container.start(site.policy.start_timeout)
    pid = container.settle(listening)
    wanted = cgroups.settings(vm.limits, site.policy, site.node().layout)
    for problem in limits.mismatches(container.cgroups, wanted):
        site.report.warning(f"{vm.name}: {problem}")
    container.state.sync()
    if not listening():
        raise DriverError(f"{vm.name}: the caller is gone: start given up")
    attempt.move(container.state, attempt.RUNNING)
    site.report.info(f"{vm.name} runs (pid {pid})")


def _about_console(vm: VmSpec) -> tuple[str, ...]:
    if vm.graphics is None or vm.graphics.type != "vnc":
        return ()
    from vmm.console import programs  # most templates ask for none

    lacking = programs.lacking()
    return (lacking,) if lacking else ()


def _clear_remains(container: Container, vm: VmSpec) -> None:
    """What a crash may have left of an earlier life. No init is alive."""
    end(container, host_ends(vm), 0)
    if container.state.present:
        container.undefine()
