"""`nebulxc sample`: read every container and the host once, now, without the agent."""

import argparse
import json
import os
import sys

from collector.model import samples
from control import opening
from control.settings import config
from control.terminal.answers import full_name
from control.terminal.printable import printable

EXAMPLE = "sudo nebulxc sample --json"
_PATIENCE_S = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options."""
    parser.add_argument(
        "--json",
        action="store_true",
        help='print {"time": unix seconds, "samples": [{"metric", "labels", "value"}, ...]}',
    )


def run(args: argparse.Namespace) -> int:
    """Print one cycle."""
    if os.geteuid() != 0:
        print("nebulxc sample: not root: what only root can read is missing", file=sys.stderr)
    with opening.collecting(config.chosen(args)) as collector:
        collector.read()
        # How full file systems are is asked in a thread, for one may hang.
        collector.settle(_PATIENCE_S)
        cycle = collector.read()
    if args.json:
        found = [
            {"metric": sample.metric, "labels": dict(sample.labels), "value": sample.value}
            for sample in samples(cycle)
        ]
        answer = {"time": cycle.stamp.wall_ms / 1000, "samples": found}
        print(json.dumps(answer))  # json.dump would encode in Python, piece by piece
        return 0
    for sample in samples(cycle):
        number = repr(sample.value).removesuffix(".0")
        print(f"{printable(full_name(sample.metric, sample.labels))} {number}")
    return 0
