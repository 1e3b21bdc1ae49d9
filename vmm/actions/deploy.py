"""deploy: define the container, start it, and see its init stay alive; or leave nothing."""

from vmm import attempt, boot, definition, located, logs, preflight, starting
from vmm.actions.cancel import end, host_ends
from vmm.container import Container
from vmm.lxc import privilege
from vmm.nics import network
from vmm.site import Site, listening
from vmm.spec import Message, VmSpec
from vmm.undo import Undo


def run(site: Site, message: Message) -> str:
    """The container's name, which becomes the VM's DEPLOY_ID."""
    container = site.container(message.vm.name)
    # Each question to the cgroups reads the groups of all containers, of every controller.
    lives = bool(container.cgroups.directories())
    pid = container.init() if lives else None
    # A frozen one is left of a suspended VM that OpenNebula has stopped or moved since.
    if pid is not None and not container.cgroups.frozen():
        container.require_monitor()
        attempt.move(container.state, attempt.RUNNING)
        boot.live(container.state)
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
    starting.start(site, container, vm, undo, listening)


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
