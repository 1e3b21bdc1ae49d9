"""`nebulxc agent`: sample every container and keep what was read, until a signal ends it.

It runs as root, in the foreground; as a service, systemd runs it.
"""

import argparse
import contextlib
import logging
import os
import shutil
import sys

from collector.cycle import Loop
from control import agent, config, stopping
from control.greeting import Started, greeting
from control.problem import Problem

EXAMPLE = "sudo nebulxc agent --config ./nebulxc.toml"
DEMO_NAME = "nebulxc-demo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options."""
    parser.add_argument(
        "--greet", action="store_true", help="say on the terminal what runs and how to look"
    )
    parser.add_argument(
        "--demo",
        nargs="?",
        const=DEMO_NAME,
        metavar="NAME",
        help=f"also run two containers under load, NAME-1 and NAME-2 ({DEMO_NAME})",
    )


def run(args: argparse.Namespace) -> int:
    """Be the agent; 0 after an orderly end."""
    from sdnotify import SystemdNotifier

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    chosen = config.chosen(args)
    if os.geteuid() != 0:
        raise Problem("must run as root, because only root can read every container: use sudo")
    if shutil.which("lxc-start") is None:
        logging.getLogger(__name__).warning(
            "LXC is not installed: this host is sampled without containers (apt-get install lxc)"
        )
    wiring = agent.Wiring(chosen, SystemdNotifier())
    with stopping.on_signals(), contextlib.ExitStack() as stack:
        if args.demo:
            from control.demo import stage
            from vmm.host import Host

            stack.enter_context(stage.running(args.demo, Host()))
        agent.run(wiring, lambda loop: _greet(args, chosen, loop))
    return 0


def _greet(args: argparse.Namespace, chosen: config.Config, loop: Loop) -> None:
    if not args.greet:
        return
    last = loop.last
    rows = last.rows if last else ()
    print(
        greeting(
            Started(
                containers=[row.entity.name for row in rows if row.entity.kind == "container"],
                interval_s=chosen.collector.interval,
                store=chosen.store.directory,
                command=f"sudo {sys.prefix}/bin/nebulxc",
                demo=bool(args.demo),
            )
        ),
        flush=True,
    )
