"""What a viewer of a console meets."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Login:
    """A command run as root inside the container, which LXC finds in `lxc`."""

    lxc: str
    command: Sequence[str]
