"""`nebulxc top`: watch the containers in the terminal.

Reads what the agent stored last; where no agent runs, it reads the host itself. CPU% is of one
core. MEM is the working set, without page cache that could be dropped. WAIT% is the share of
time in which some task waited for CPU, memory or I/O. "-" is unknown, or no limit.
"""

import argparse
import sys
import time

from rich.console import Console, RenderableType

from control import opening
from control.problem import Problem
from control.settings import config
from control.settings.units import seconds
from control.sources import Source
from control.terminal.lines import lines
from control.terminal.top_heading import heading
from control.terminal.top_table import ORDERS, Frame, Order, draw

EXAMPLE = "sudo nebulxc top --sort memory"
_NEEDED_FOR_RATES_S = 1.0
_SHORTEST_S = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options."""
    names = [order.name for order in ORDERS.values()]
    parser.add_argument("--sort", choices=names, default="cpu", help="what comes first (cpu)")
    parser.add_argument(
        "--every", default="2s", metavar="DURATION", help="how often it is drawn (2s)"
    )
    parser.add_argument("--once", action="store_true", help="print one frame and end")


def run(args: argparse.Namespace) -> int:
    """Draw until q is pressed; once where this is no terminal."""
    try:
        every_s = max(_SHORTEST_S, seconds(args.every))
    except ValueError as error:
        raise Problem(str(error)) from None
    order = next(order for order in ORDERS.values() if order.name == args.sort)
    with opening.source(config.chosen(args)) as source:
        if args.once or not (sys.stdin.isatty() and sys.stdout.isatty()):
            _once(source, order)
        else:
            _live(source, order, every_s)
    return 0


def _once(source: Source, order: Order) -> None:
    if source.direct:
        source.readings()
        time.sleep(_NEEDED_FOR_RATES_S)
    console = Console(highlight=False)
    console.print(_picture(source, order, console.width, None))


def _picture(source: Source, order: Order, width: int, height: int | None) -> RenderableType:
    found = source.readings()
    return draw(lines(found), order, Frame(heading(found), source.note(), width, height))


def _live(source: Source, order: Order, every_s: float) -> None:
    from rich.live import Live

    from control.terminal.keys import keyboard

    with keyboard(sys.stdin.fileno()) as pressed, Live(screen=True, auto_refresh=False) as live:
        key: str | None = None
        while key not in ("q", "Q", ""):
            order = ORDERS.get(key, order) if key else order
            size = live.console.size
            live.update(_picture(source, order, size.width, size.height), refresh=True)
            key = pressed(every_s)
