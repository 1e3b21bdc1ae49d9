"""The `nebulxc` command: finds the command's file, loads the configuration, reports failures.

Only the chosen command's module is imported: `nebulxc sample` must not pay for the page.
"""

import argparse
import errno
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
    "recover": "bring back, after a boot, what ran when the host went down",
    "install": "put this on a node or on OpenNebula's front-end, or take it off",
    "uninstall": "take it off again",
    "version": "print what is installed",
}
"""Command → what it does. Each is control/commands/NAME.py."""

_BY_SIGNAL = 128
"""Shells add this to a signal's number."""
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""How a full disk and a terminal that is gone answer."""


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
    parser.add_argument(
        "--version", dest="command", action="store_const", const="version", help="as `version`"
    )
    return parser


def _chosen(words: Sequence[str]) -> str:
    """The command's name; ends the process where there is none."""
    parser = _overview()
    first = next(iter(words), "")
    if first == "--version":
        return "version"
    if first.startswith("-") and first not in ("-h", "--help"):
        parser.error(f"the command comes first, then its options: nebulxc COMMAND {first}")
    command: str = parser.parse_args(words[:1]).command
    return command


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` (default: the process's) names; the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    command = _chosen(words)
    if sys.stdout is None:  # started with it closed: `nebulxc ls >&-`
        print(f"nebulxc {command}: standard output is closed", file=sys.stderr)
        return 1
    try:
        status = _run(command, words[1:])
        sys.stdout.flush()
    except Problem as problem:
        print(f"nebulxc {command}: {problem}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        _discard_output()  # whoever read it has enough
        return _BY_SIGNAL + signal.SIGPIPE
    except OSError as error:
        if error.errno not in _UNWRITABLE or error.filename is not None:
            raise
        _discard_output()
        print(f"nebulxc {command}: cannot write: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _BY_SIGNAL + signal.SIGINT
    return status


def _discard_output() -> None:
    """Python would complain again at its own flush."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
