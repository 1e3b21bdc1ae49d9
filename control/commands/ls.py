"""`nebulxc ls`: list the containers of this host, with their state, OpenNebula VM and age.

Defined containers that do not run are listed as stopped.
"""

import argparse
import json
import sys
import time

from control import opening
from control.settings import config
from control.terminal.figures import UNKNOWN, age
from control.terminal.lines import Line, lines
from control.terminal.printable import printable

EXAMPLE = "sudo nebulxc ls --json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print every container, by name."""
    with opening.source(config.chosen(args)) as source:
        found = lines(source.readings())
    if args.json:
        json.dump([_object(line) for line in found], sys.stdout)
        print()
        return 0
    width = max([len("CONTAINER"), *(len(printable(line.name)) for line in found)])
    print(f"{'CONTAINER':<{width}}  {'STATE':<8}  {'VMID':<6}  SINCE")
    for line in found:
        since = UNKNOWN if line.started_s is None else age(time.time() - line.started_s)
        name, state, vmid = printable(line.name), line.state or UNKNOWN, line.vmid or UNKNOWN
        print(f"{name:<{width}}  {state:<8}  {vmid:<6}  {since}")
    return 0


def _object(line: Line) -> dict[str, object]:
    """What a program gets; null is unknown."""
    return {
        "container": line.name,
        "state": line.state,
        "vmid": None if line.vmid is None else int(line.vmid),
        "started": line.started_s,
    }
