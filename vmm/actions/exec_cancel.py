"""exec_cancel: end the command that exec began, with all that it has started."""

from vmm import execution
from vmm.site import Site
from vmm.spec import Message


def run(site: Site, message: Message) -> str:
    """Nothing to say. No command is no error."""
    state = site.container(message.vm.name).state
    if state.exists:
        execution.cancel(state)
    return ""
