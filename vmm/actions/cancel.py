"""cancel: end the container at once, frozen, half started or half dead as it may be."""

from vmm.container import MONITOR_SECONDS, Container
from vmm.site import Site
from vmm.spec import Message, VmSpec


def run(site: Site, message: Message) -> str:
    """Nothing to say; a container that is gone already is no error."""
    take_away(site.container(message.vm.name), message.vm)
    return ""


def take_away(container: Container, vm: VmSpec) -> None:
    """End what still runs and remove every trace. The disks stay as they are."""
    end(container, host_ends(vm))
    container.undefine()


def end(container: Container, nics: tuple[str, ...], grace: float = MONITOR_SECONDS) -> None:
    """Leave nothing running, attached or mounted; the definition stays.

    The monitor gets `grace` seconds for its stop hooks.
    """
    container.stop(grace)
    container.clear(nics)


def host_ends(vm: VmSpec) -> tuple[str, ...]:
    """The names of the VM's interfaces on the host."""
    return tuple(nic.host_name for nic in vm.nics)
