"""`nebulxc-hook TYPE`: what LXC starts at a step of a container's life.

LXC tells in its environment where the root is to be mounted, and beside that is the state of
the container. Imports are few and late: three of these run per start.
"""

import os
import sys

WORDS = 2


def main() -> int:
    """Run one hook; 0, or 1 with the reason on stderr, which LXC writes into its log."""
    rootfs = os.environ.get("LXC_ROOTFS_PATH", "")
    if len(sys.argv) < WORDS or not rootfs:
        sys.stderr.write("usage, by LXC alone: nebulxc-hook TYPE\n")
        return 2
    from vmm import hooks
    from vmm.errors import DriverError
    from vmm.state import State

    try:
        hooks.run(sys.argv[1], State(os.path.dirname(rootfs)), os.environ)
    except (DriverError, OSError) as error:
        sys.stderr.write(f"nebulxc-hook {sys.argv[1]}: {error}\n")
        return 1
    return 0
