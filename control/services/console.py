"""`python3 -I -m control.services.console`: the node's console server, as a service of its own."""

import asyncio
import contextlib
import logging
import os
import signal
import sys

from control.problem import Problem
from control.settings.driver_policy import CONFIG_PATH, load
from vmm.console.login import Login
from vmm.console.server import Server

DIRECTORY = "/run/nebulxc-console"


def main(config: str = CONFIG_PATH) -> int:
    """Serve until SIGTERM; 0, or 1 with the reason on stderr."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if os.geteuid() != 0:
        sys.stderr.write("the console server must run as root: it enters containers\n")
        return 1
    try:
        policy = load(config)
    except Problem as problem:
        sys.stderr.write(f"nebulxc console server: {problem}\n")
        return 1
    login = Login(policy.lxc, policy.console_command)
    serve(Server(policy.state, login, DIRECTORY))
    return 0


def serve(server: Server) -> None:
    """Serve until a signal ends us."""
    asyncio.run(_serve(server))


async def _serve(server: Server) -> None:
    running = asyncio.create_task(server.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


if __name__ == "__main__":
    sys.exit(main())
