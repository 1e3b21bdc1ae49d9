"""`nebulxc install`: put Nebulxc on this node as a service, or take it off again.

`install node` makes /opt/nebulxc, the user nebulxc, the configuration and the systemd units, and
starts them. It may be repeated: it does what is missing, and an upgrade is the same command from a
newer checkout. With --remove it undoes that; the store, a changed configuration and the user stay.
"""

import argparse
import os
from pathlib import Path

from control.problem import Problem

EXAMPLE = "sudo .venv/bin/nebulxc install node --dry-run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options."""
    parser.add_argument("what", choices=["node"], help="node: a hypervisor, this machine")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--remove", action="store_true", help="take it off this machine")
    parser.add_argument(
        "--wheels",
        type=Path,
        metavar="DIRECTORY",
        help="take Python packages from there alone, as wheels: no network is used",
    )


def run(args: argparse.Namespace) -> int:
    """Do it, or say what would be done."""
    from control.install import node
    from control.install.run import Progress
    from control.install.services import RUNS
    from vmm.errors import DriverError
    from vmm.host import Host

    if os.geteuid() != 0 and not args.dry_run:
        raise Problem("must run as root: use sudo (--dry-run may be run by anybody)")
    if args.wheels and not args.wheels.is_dir():
        raise Problem(f"--wheels: {args.wheels} is no directory: fill one with pip wheel")
    progress = Progress(print, dry=args.dry_run)
    steps = node.steps(Host(), progress.changed, args.wheels and args.wheels.resolve())
    try:
        progress.uninstall(steps) if args.remove else progress.install(steps)
    except (DriverError, OSError) as error:
        raise Problem(f"stopped there: {error}; mend it and run this again") from error
    if not progress.done:
        print("nothing to do")
    elif not (RUNS.is_dir() or args.remove or args.dry_run):
        print("systemd does not run here, so nothing was started: /opt/nebulxc/bin/nebulxc agent")
    return 0
