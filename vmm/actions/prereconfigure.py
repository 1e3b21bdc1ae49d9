"""prereconfigure: OpenNebula is about to write the context's image anew.

Containers have a copy of its files and no device of it: nothing has to let go, and the guest
keeps the old files until reconfigure brings the new ones.
"""

from vmm.site import Site
from vmm.spec import Message


def run(site: Site, message: Message) -> str:  # noqa: ARG001 - every action has this signature
    """Nothing to say, and nothing to do."""
    return ""
