"""A descriptor of a process: it never means another one that got the same number."""

import errno
import os


def opened(pid: int) -> int | None:
    """A pidfd, for the caller to close; None where that process is no more."""
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        # EINVAL: it is being taken apart at this very moment (seen on Linux 6.1).
        if error.errno not in (errno.ESRCH, errno.EINVAL):
            raise
        return None
