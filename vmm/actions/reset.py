"""reset: end the container at once and start it again as it was defined."""

from vmm import attempt, kept
from vmm.actions.cancel import end, host_ends
from vmm.errors import NotFound
from vmm.site import Site
from vmm.spec import Message
from vmm.undo import Undo


def run(site: Site, message: Message) -> str:
    """Nothing to say. When it does not come back it stays defined, and stopped."""
    container = site.container(message.vm.name)
    if not container.state.exists:
        raise NotFound(f"{container.name} is not defined here", "resume the VM")
    nics = host_ends(kept.spec(container.state))
    with Undo() as undo:
        undo.add("stop it", lambda: end(container, nics, 0))
        end(container, nics)
        container.start(site.policy.start_timeout)
        container.settle(lambda: True)
        attempt.move(container.state, attempt.RUNNING)
        undo.commit()
    return ""
