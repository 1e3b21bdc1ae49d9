"""Whether, and how, the agent runs the page: decided once, with a sentence where it does not."""

import logging
import socket
import sys
import time
from pathlib import Path

from control.accounts import user_exists
from control.services import page_environment
from control.services.page_process import USER, as_user
from control.settings.config import Config
from control.stopping import Stop

log = logging.getLogger(__name__)

_ANSWER_TIMEOUT_S = 60.0
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - compared, not bound


def command_line(config: Config, python: str | None) -> list[str] | None:
    """What starts the page as its user with the interpreter `python` (None: ours).

    None where it cannot or shall not run; the log says why.
    """
    if not config.page.enabled:
        return None
    if not user_exists(USER):
        log.error(
            "the page does not run: there is no user %s; create it with"
            " `useradd --system --user-group --no-create-home %s`, or set page.enabled = false",
            USER,
            USER,
        )
        return None
    chosen = Path(python or sys.executable)
    package = None if python else page_environment.own_package()
    if (problem := page_environment.objection(chosen, package)) is not None:
        log.error("%s", problem)
        return None
    return as_user(USER, page_environment.argv(chosen))


def url(config: Config) -> str:
    """Where a browser on this host finds the page."""
    host, port = _address(config)
    return f"http://{host}:{port}/"


def answers(config: Config) -> bool:
    """Whether something listens at the page's address now."""
    host, port = _address(config)
    try:
        with socket.create_connection((host.strip("[]"), port), timeout=1):
            return True
    except OSError:
        return False


def wait_until_it_answers(config: Config, stop: Stop) -> bool:
    """Whether the page listens within some seconds."""
    deadline = time.monotonic() + _ANSWER_TIMEOUT_S
    while not answers(config):
        if time.monotonic() > deadline:
            return False
        stop.wait(0.1)
    return True


def _address(config: Config) -> tuple[str, int]:
    host, _, port = config.page.listen.rpartition(":")
    return _ANYWHERE.get(host, host), int(port)
