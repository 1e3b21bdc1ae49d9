"""`nebulxc uninstall`: take Nebulxc off a node or OpenNebula's front-end: `install … --remove`.

The store, what you changed and the user stay. It refuses while containers of ours run.
"""

import argparse

from control.commands import install

EXAMPLE = "sudo nebulxc uninstall node --dry-run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options: those of `install`."""
    install.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Remove it, or say what would be removed."""
    args.remove = True
    return install.run(args)
