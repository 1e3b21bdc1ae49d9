"""shutdown: ask the container to power off, and clean up behind it."""

from vmm.actions.cancel import take_away
from vmm.errors import DriverError
from vmm.site import Site
from vmm.spec import Message


def run(site: Site, message: Message) -> str:
    """Nothing to say. A container that does not obey in time goes on running."""
    container = site.container(message.vm.name)
    seconds = site.policy.shutdown_timeout
    if container.init() is not None and not container.shut_down(seconds):
        raise DriverError(
            f"{container.name} did not power off within {seconds:.0f} s and goes on running",
            "repeat it, or use the hard variant, which does not ask",
        )
    take_away(container, message.vm)
    return ""
