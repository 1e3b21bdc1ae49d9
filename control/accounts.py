"""Which users and groups this machine knows."""

import grp
import pwd


def user_exists(name: str) -> bool:
    """Whether there is this user."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def group_exists(name: str) -> bool:
    """Whether there is this group."""
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True
