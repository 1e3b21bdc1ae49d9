"""`nebulxc agent`: sample every container and keep what was read, until a signal ends it.

It runs as root, in the foreground; as a service, systemd runs it. It also runs the page, as the
user nebulxc.
"""

import argparse
import contextlib
import logging
import os
import shutil
import sys
from pathlib import Path

from collector.cycle import Loop
from control import stopping
from control.problem import Problem
from control.services import agent, lock, page_start
from control.settings import config
from control.stopping import Stop
from control.terminal.greeting import Started, greeting, running
from web.auth import AuthError, listen_address

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
    parser.add_argument(
        "--no-page", action="store_true", help="do not run the page: something else does"
    )
    parser.add_argument(
        "--page-python", metavar="FILE", help="the interpreter of the page's own environment"
    )


def run(args: argparse.Namespace) -> int:
    """Be the agent; 0 after an orderly end."""
    from sdnotify import SystemdNotifier

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    text, path = config.text(args)
    chosen = config.parse(text, path)
    _check(args, chosen)
    page = None if args.no_page else page_start.command_line(chosen, args.page_python)
    wiring = agent.Wiring(chosen, text, SystemdNotifier(), page)
    with stopping.on_signals() as stop, contextlib.ExitStack() as stack:
        if args.demo:
            from control.demo import stage
            from vmm.host import Host

            stack.enter_context(stage.running(args.demo, Host()))
        agent.run(wiring, stop, lambda loop: _greet(args, wiring, loop, stop))
    return 0


def _check(args: argparse.Namespace, chosen: config.Config) -> None:
    """What would make this start useless."""
    if os.geteuid() != 0:
        raise Problem("must run as root, because only root can read every container: use sudo")
    if shutil.which("lxc-start") is None:
        logging.getLogger(__name__).warning(
            "LXC is not installed: this host is sampled without containers (apt-get install lxc)"
        )
    with lock.held(Path(chosen.store.directory)):
        pass  # a second agent is told so before anything of it starts
    if chosen.page.enabled and not args.no_page:
        try:
            listen_address(chosen.page.listen, chosen.page.token_file or "")
        except AuthError as error:
            raise Problem(str(error)) from None
    if args.greet and chosen.page.enabled and not args.no_page and page_start.answers(chosen):
        raise Problem(
            f"{chosen.page.listen} is in use: end the program that listens there,"
            " or choose another page.listen in the configuration"
        )


def _greet(args: argparse.Namespace, wiring: agent.Wiring, loop: Loop, stop: Stop) -> None:
    if not args.greet:
        return
    chosen = wiring.config
    serves = wiring.page is not None and page_start.wait_until_it_answers(chosen, stop)
    started = Started(
        containers=running(loop.last) if loop.last else (),
        interval_s=chosen.collector.interval,
        store=chosen.store.directory,
        command=f"sudo {sys.prefix}/bin/nebulxc",
        url=page_start.url(chosen) if serves else None,
        ssh=os.environ.get("SSH_CONNECTION", ""),
        demo=bool(args.demo),
        stored=loop.last is not None and loop.last.seq > 0,
    )
    print(greeting(started), flush=True)
