"""`nebulxc console`: enter a running container in this terminal, with a login of its own.

What VNC viewers meet as well: driver.console_command of the configuration, as root inside. Give
a command to run another. It ends with the command: log out, or press Ctrl-D.
"""

import argparse
import os
import sys
from pathlib import Path

from collector import naming, procfs
from collector.files import read_new
from collector.group import Gone
from control.problem import Problem
from control.settings import config
from control.settings.driver_policy import HOOK
from control.settings.driver_section import policy
from vmm.cgroup.cgroup_tree import CgroupTree

EXAMPLE = "sudo nebulxc console one-7 /bin/sh"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options."""
    parser.add_argument("name", metavar="NAME", help="the container")
    parser.add_argument(
        "command", metavar="COMMAND", nargs=argparse.REMAINDER, help="instead of the login"
    )
    # argparse would call COMMAND required where NAME is missing.
    parser.usage = "nebulxc console [-h] [--config FILE] NAME [COMMAND...]"


def run(args: argparse.Namespace) -> int:
    """Become lxc-attach; returns only by raising Problem."""
    chosen = policy(config.chosen(args).driver, HOOK)
    if os.geteuid() != 0:
        raise Problem("must run as root, because it enters a container: use sudo")
    if not sys.stdin.isatty():
        raise Problem("needs a terminal: over ssh, use ssh -t")
    init = CgroupTree(args.name).init()
    if init is None:
        raise Problem(f"there is no running container {args.name!r}: see nebulxc ls")
    command = args.command or chosen.console_command
    term = os.environ.get("TERM", "linux")
    lxc_path = _lxc_path(args.name, init) or chosen.lxc
    argv = ["lxc-attach", "-n", args.name, "-P", lxc_path, "--clear-env", "-v", f"TERM={term}"]
    try:
        os.execvp(argv[0], [*argv, "--", *command])  # noqa: S606 - no shell is wanted
    except FileNotFoundError:
        raise Problem("lxc-attach is not installed: apt-get install lxc") from None


def _lxc_path(name: str, init: int) -> str | None:
    """Where the container was started from, if its monitor tells: lxc-attach finds it by that."""
    try:
        monitor = procfs.stat(read_new(f"/proc/{init}/stat")).ppid
    except (OSError, Gone):
        return None
    command = procfs.command_line(Path("/"), monitor)
    return naming.resolve(f"{naming.PREFIX}{name}", command, ()).lxc_path
