"""`nebulxc query`: print one metric over time, as the store remembers it.

A counter is printed as it was read (it only grows). With --rate it is printed as its growth per
second since the step before, "-" where that is unknown: across a restart, or where it was not
read. A gauge is its average over each step.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence

from collector.metrics import definitions
from collector.model import Kind
from collector.store import Span
from control import opening
from control.problem import Problem
from control.settings import config
from control.settings.units import seconds
from control.terminal import answers
from control.terminal.catalogue import entities_with
from control.terminal.printable import printable

EXAMPLE = "nebulxc query lxc_cpu_usage_seconds_total --container one-7 --since 1h --rate"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options."""
    parser.add_argument("metric", metavar="METRIC", help="such as lxc_memory_working_set_bytes")
    parser.add_argument("--container", metavar="NAME", help="of this container only")
    parser.add_argument("--since", default="1h", metavar="DURATION", help="how far back (1h)")
    parser.add_argument(
        "--step", default="1m", metavar="DURATION", help="a point each (1m); 0s: every reading"
    )
    parser.add_argument("--rate", action="store_true", help="a counter's growth per second")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the chosen series."""
    span = _span(args, int(time.time() * 1000))
    defined = definitions()
    kind = defined[args.metric].kind if args.metric in defined else None
    if args.rate and kind is Kind.GAUGE:
        raise Problem(f"{args.metric} is a gauge and has no rate: leave out --rate")
    with opening.stored(config.chosen(args)) as reader:
        entries = entities_with(args.metric, args.container, reader.catalogue(), defined)
        found = [
            answers.answer(series, rate=args.rate)
            for entry in entries
            for series in reader.series(entry.entity.kind, entry.entity.name, args.metric, span)
        ]
    if args.json:
        _print_json(args, kind, found)
    else:
        for line in answers.as_text(args.metric, found, _local_time):
            print(printable(line))
    if not found:
        last = _local_time(max(entry.last_ms for entry in entries))
        told = f"nothing was read of {args.metric} in the last {args.since}; last seen {last}"
        print(f"nebulxc query: {told}", file=sys.stderr)
    return 0


def _span(args: argparse.Namespace, now_ms: int) -> Span:
    try:
        since_s, step_s = seconds(args.since), seconds(args.step)
    except ValueError as error:
        raise Problem(str(error)) from None
    step_ms = int(step_s * 1000)
    since_ms = now_ms - int(since_s * 1000)
    # Steps begin at multiples of the step: the same question cuts time at the same places.
    return Span(since_ms - since_ms % step_ms if step_ms else since_ms, now_ms, step_ms)


def _local_time(wall_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall_ms // 1000))


def _print_json(
    args: argparse.Namespace, kind: Kind | None, found: Sequence[answers.Answer]
) -> None:
    """{"metric", "kind", "rate", "series": [{"labels", "points": [[unix s, value|null]]}]}."""
    series = [
        {
            "labels": dict(answer.labels),
            "points": [[wall_ms / 1000, value] for wall_ms, value in answer.points],
        }
        for answer in found
    ]
    json.dump(
        {"metric": args.metric, "kind": kind, "rate": args.rate, "series": series}, sys.stdout
    )
    print()
