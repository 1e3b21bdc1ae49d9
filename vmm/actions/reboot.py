"""reboot: ask the container's init to reboot, and see the next one stay alive."""

from vmm.errors import DriverError, NotFound
from vmm.site import Site
from vmm.spec import Message


def run(site: Site, message: Message) -> str:
    """Nothing to say."""
    container = site.container(message.vm.name)
    if container.init() is None:
        raise NotFound(f"{container.name} does not run", "resume the VM")
    seconds = site.policy.shutdown_timeout
    if container.reboot(seconds) is None:
        if container.init() is None:
            gone = DriverError(f"{container.name} stopped and did not come back", "resume the VM")
            raise container.explained(gone)
        raise DriverError(
            f"{container.name} did not reboot within {seconds:.0f} s and goes on running",
            "use the hard variant, which does not ask",
        )
    container.settle(lambda: True)
    return ""
