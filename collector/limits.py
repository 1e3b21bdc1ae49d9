"""How many files this process may hold open: a container takes some seventeen descriptors."""

import resource

_ENOUGH = 8192
_OWN = 64
_PER_CONTAINER = 17


def raise_open_files() -> str | None:
    """Raise the soft limit of open files to the hard one; what is wrong where that is too low.

    1,024, the usual soft limit, is reached at some 55 containers.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    except (OSError, ValueError) as error:
        reason = f"cannot raise the limit of open files from {soft} to {hard} ({error})"
    else:
        reason = f"the limit of open files is {hard}"
    if soft >= _ENOUGH:
        return None
    return (
        f"{reason}: enough for about {max(soft - _OWN, 0) // _PER_CONTAINER} containers;"
        " raise it with LimitNOFILE= in the unit or `ulimit -Hn`"
    )


def descriptors() -> int:
    """How many files this process may have open now."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
