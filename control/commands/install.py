"""`nebulxc install`: put Nebulxc on a node or on OpenNebula's front-end, or take it off again.

`install node` makes /opt/nebulxc, the user nebulxc, the configuration, the way in for OpenNebula
and the systemd units, and starts them. `install frontend` copies the scripts that OpenNebula runs
on its hosts and tells how to register them. Either may be repeated: it does what is missing, and
an upgrade is the same command from a newer checkout. With --remove it undoes that; the store, what
you changed and the user stay.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from control.problem import Problem

if TYPE_CHECKING:
    from control.install.run import Progress
    from control.install.step import Step

EXAMPLE = "sudo .venv/bin/nebulxc install node --dry-run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options."""
    what = parser.add_subparsers(dest="what", required=True, metavar="node|frontend")
    node = what.add_parser("node", help="a hypervisor: this machine")
    frontend = what.add_parser("frontend", help="OpenNebula's front-end: this machine")
    for each in (node, frontend):
        each.add_argument("--dry-run", action="store_true", help="only say what would be done")
        each.add_argument("--remove", action="store_true", help="take it off this machine")
    node.add_argument(
        "--wheels",
        type=Path,
        metavar="DIRECTORY",
        help="take Python packages from there alone, as wheels: no network is used",
    )
    for option, default, where in (
        ("--remotes", "/var/lib/one/remotes", "OpenNebula's scripts"),
        ("--etc", "/etc/one", "OpenNebula's configuration"),
    ):
        frontend.add_argument(
            option, type=Path, metavar="DIRECTORY", default=default, help=f"{where} ({default})"
        )
    frontend.add_argument(
        "--apply", action="store_true", help="change oned.conf and monitord.conf, with a backup"
    )
    frontend.add_argument(
        "--only", choices=("monitoring", "driver"), help="one part alone (default: both)"
    )


def run(args: argparse.Namespace) -> int:
    """Do it, or say what would be done."""
    from control.install.run import Progress
    from vmm.errors import DriverError

    progress = Progress(print, dry=args.dry_run)
    steps = _node(args, progress) if args.what == "node" else _frontend(args)
    try:
        progress.uninstall(steps) if args.remove else progress.install(steps)
    except (DriverError, OSError) as error:
        raise Problem(f"stopped there: {error}; mend it and run this again") from error
    if not progress.done:
        print("nothing to do")
    if not args.remove:
        _tell_what_is_left(args, progress)
    return 0


def _node(args: argparse.Namespace, progress: "Progress") -> "Sequence[Step]":
    from control.install import node
    from vmm.host import Host

    if os.geteuid() != 0 and not args.dry_run:
        raise Problem("must run as root: use sudo (--dry-run may be run by anybody)")
    if args.wheels and not args.wheels.is_dir():
        raise Problem(f"--wheels: {args.wheels} is no directory: fill one with pip wheel")
    return node.steps(Host(), progress.changed, args.wheels and args.wheels.resolve())


def _frontend(args: argparse.Namespace) -> "Sequence[Step]":
    from control.install import frontend

    registering = args.apply or args.remove
    return frontend.steps(args.remotes, args.etc, _parts(args), registering=registering)


def _parts(args: argparse.Namespace) -> tuple[str, ...]:
    from control.install import frontend

    return (args.only,) if args.only else frontend.PARTS


def _tell_what_is_left(args: argparse.Namespace, progress: "Progress") -> None:
    """What an administrator does next."""
    if args.what == "frontend":
        from control.install import frontend

        if not args.apply:
            print(
                f"\nTo register it (--apply does it):\n\n{frontend.blocks(args.etc, _parts(args))}"
            )
        print(frontend.NEXT)
        return
    from control.install.services import RUNS

    if progress.done and not (RUNS.is_dir() or args.dry_run):
        print("systemd does not run here, so nothing was started: /opt/nebulxc/bin/nebulxc agent")
