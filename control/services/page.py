"""The page's process: `python -I -m control.services.page`, as a user who only reads.

It answers until SIGTERM or SIGINT. The agent starts it and starts it again when it ends; it
needs nothing of the agent but the store, and says so itself when no readings arrive.
"""

import argparse
import errno
import logging
import os
import socket
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import waitress
from flask import Flask
from waitress import wasyncore

from collector.clock import SystemClock
from collector.store.sqlite import SqliteReader
from control import opening, stopping
from control.problem import Problem
from control.settings import config
from web.app import create_app
from web.auth import AuthError, listen_address, read_token
from web.settings import PageSettings

THREADS = 16
_POLL_S = 1.0
_IN_USE = "is in use: end the program that listens there, or choose another page.listen"
_BIND_HINTS = {
    errno.EADDRINUSE: _IN_USE,
    errno.EACCES: "may not be used by this user: choose a port above 1023 in page.listen",
    errno.EADDRNOTAVAIL: "is no address of this machine: correct page.listen",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the page; 0 after an orderly end, 1 with one sentence when it cannot start."""
    parser = argparse.ArgumentParser(prog="nebulxc page", description="Serve the page.")
    parser.add_argument("--config", metavar="FILE", help=f"instead of {config.CONFIG_PATH}")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # One line per request that waits for a thread: any client could fill the journal.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    try:
        serve(config.chosen(args))
    except (Problem, AuthError) as error:
        print(f"nebulxc page: {error}", file=sys.stderr)
        return 1
    return 0


def serve(chosen: config.Config) -> None:
    """Answer until told to stop; Problem or AuthError when the page cannot start like this."""
    token = read_token(Path(chosen.page.token_file)) if chosen.page.token_file else ""
    address = listen_address(chosen.page.listen, token)
    app = application(chosen, token)
    with bound(*address) as listening, stopping.on_signals() as stop:
        polled: dict[int, object] = {}
        server = waitress.create_server(
            app,
            map=polled,
            sockets=[listening],
            threads=THREADS,
            ident=None,
            clear_untrusted_proxy_headers=True,
        )
        logging.getLogger("control.services.page").info(
            "the page answers at http://%s:%d/", *address
        )
        try:
            # Not server.run(): waitress takes any exception for that of the request at hand.
            with stop.deferred(server.pull_trigger):
                while True:
                    wasyncore.loop(timeout=_POLL_S, map=polled, count=1)
                    stop.check()
        finally:
            server.close()


def application(chosen: config.Config, token: str) -> Flask:
    """The page over the configured store, which need not exist yet."""
    settings = PageSettings(
        interval_s=chosen.collector.interval,
        store_dir=Path(chosen.store.directory),
        reserve_bytes=chosen.store.reserve,
        driver_state=Path(chosen.driver.state),
        journal=Path(chosen.driver.journal),
        stale_cycles=chosen.page.stale_cycles,
        token=token,
        hosts=chosen.page.hosts,
        version=version("nebulxc"),
    )
    return create_app(SqliteReader(opening.store_path(chosen)), settings, SystemClock())


def bound(host: str, port: int) -> socket.socket:
    """A socket listening there; Problem names what is in the way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
    except OSError as error:
        found.close()
        hint = _BIND_HINTS.get(error.errno or 0, os.strerror(error.errno or 0))
        raise Problem(f"{host}:{port} {hint}") from error
    return found


if __name__ == "__main__":
    raise SystemExit(main())
