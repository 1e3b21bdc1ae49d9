"""`nebulxc version`: what is installed here."""

import argparse
import json
import platform
import sys
from importlib.metadata import version

EXAMPLE = "nebulxc version --json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the version of Nebulxc and of its Python."""
    found = {"nebulxc": version("nebulxc"), "python": platform.python_version()}
    if args.json:
        json.dump(found, sys.stdout)
        print()
    else:
        print(f"nebulxc {found['nebulxc']} (Python {found['python']}, {sys.prefix})")
    return 0
