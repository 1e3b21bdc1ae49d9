"""The `nebulxc` command: finds the command's file, loads the configuration, reports failures.

Only the chosen command's module is imported: `nebulxc sample` must not pay for the page.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from control.problem import Problem

COMMANDS = {
    "agent": "sample every container and keep what was read (the daemon)",
    "sample": "read every container once, now, without the agent",
    "ls": "list the containers",
    "top": "watch the containers in the terminal",
    "console": "enter a container in this terminal",
    "query": "print one metric over time from the store",
    "doctor": "find what is left over or amiss on a node, and mend it",
    "install": "put this on a node or on OpenNebula's front-end, or take it off",
    "uninstall": "take it off again",
    "version": "print what is installed",
}
"""Command → what it does. Each is control/commands/NAME.py."""

_BY_SIGNAL = 128
"""Shells add this to a signal's number."""


def _overview() -> argparse.ArgumentParser:
    listing = "\n".join(f"  {name:<11}{text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="nebulxc",
        usage="nebulxc COMMAND [OPTION...]",
        description=f"LXC containers, measured.\n\ncommands:\n{listing}",
        epilog="nebulxc COMMAND --help tells more. Example: sudo nebulxc top",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=tuple(COMMANDS), metavar="COMMAND", help="see above")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` (default: the process's) names; the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    command = _overview().parse_args(words[:1]).command
    try:
        status = _run(command, words[1:])
        sys.stdout.flush()
    except Problem as problem:
        print(f"nebulxc {command}: {problem}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read our output has enough. Python would complain again at its own flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BY_SIGNAL + signal.SIGPIPE
    except KeyboardInterrupt:
        return _BY_SIGNAL + signal.SIGINT
    return status


def _run(command: str, words: Sequence[str]) -> int:
    module = import_module(f"control.commands.{command}")
    parser = argparse.ArgumentParser(
        prog=f"nebulxc {command}",
        description=(module.__doc__ or "").partition(": ")[2],
        epilog=f"Example: {module.EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", metavar="FILE", help="instead of /etc/nebulxc/nebulxc.toml")
    module.add_arguments(parser)
    status: int = module.run(parser.parse_args(words))
    return status
