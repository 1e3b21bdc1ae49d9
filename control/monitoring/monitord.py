"""`nebulxc-monitord [stop] NAME HID HOST`: the resident monitord client of this host.

Started by OpenNebula's run_monitord_client with the configuration on stdin: prints the first round
as one document, then reports on its own until it is stopped or started anew.
"""

import contextlib
import logging
import logging.handlers
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from collector.clock import SystemClock
from collector.limits import raise_open_files
from control import stopping
from control.monitoring import client_lock, rival
from control.monitoring.detached import Tell, detach
from control.monitoring.probing import probing
from control.problem import Problem
from control.settings import config
from im_probes.client import Client, FirstRoundError, Front, periods
from im_probes.configuration import MonitoringError
from im_probes.monitoring import Monitoring, parse
from im_probes.transport import Network
from im_probes.wire import MessageType, message, public_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

log = logging.getLogger(__name__)

_USAGE = "usage: nebulxc-monitord [stop] NAME HID HOST < configuration"
_FAILED = "FAILED "


def main(
    argv: Sequence[str] | None = None,
    config_path: Path = config.CONFIG_PATH,
    locks: Path = client_lock.DIRECTORY,
    claims: Path = rival.DIRECTORY,
) -> int:
    """Start, or with `stop` end, the client of host HID; 255 with one sentence when it cannot."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if words[:1] == ["stop"]:
            client_lock.end(_host_id(words[1:]), locks)
            return 0
        print(_started(words, config_path, locks, claims))
    except (Problem, MonitoringError, ValueError) as error:
        print(f"nebulxc-monitord: {error}", file=sys.stderr)
        return 255
    return 0


def _host_id(words: list[str]) -> int:
    if len(words) < 2 or not words[1].isdigit():  # noqa: PLR2004 - NAME HID
        raise Problem(_USAGE)
    return int(words[1])


def _started(words: list[str], config_path: Path, locks: Path, claims: Path) -> str:
    """The document of the first round; the client lives on in a process of its own."""
    host_id = _host_id(words)
    monitoring = parse(sys.stdin.buffer.read(), words[0], _caller())
    if monitoring.host_id != host_id:
        raise Problem(f"called for host {host_id} with the configuration of {monitoring.host_id}")
    try:
        chosen = config.load(config_path)
        return _first_round(chosen, monitoring, locks, rival.Claim(monitoring.host_id, claims))
    except Problem as problem:
        _tell_why(monitoring, f"nebulxc-monitord: {problem}")
        raise


def _first_round(
    chosen: config.Config, monitoring: Monitoring, locks: Path, claim: rival.Claim
) -> str:
    text, _ = detach(lambda tell: _live(chosen, monitoring, locks, claim, tell))
    if not text or text.startswith(_FAILED):
        raise Problem(text.removeprefix(_FAILED) or "the client died while starting: see syslog")
    return text


def _tell_why(monitoring: Monitoring, reason: str) -> None:
    """monitord makes an ERROR of a host whose client does not start, and tells nobody why, unless
    it was told before: the first line of the first failure stays on the host.
    """
    with contextlib.suppress(OSError, ValueError):  # it is on stderr, too
        line = " ".join(reason.split())
        now, key = int(time.time()), _key(monitoring)
        kind, host_id = MessageType.BEACON_HOST, monitoring.host_id
        raw = message(kind, host_id, now, line, success=False, key=key)
        Network(monitoring.address, monitoring.port).send(raw, reliable=True)


def _key(monitoring: Monitoring) -> "RSAPublicKey | None":
    return public_key(monitoring.public_key) if monitoring.public_key else None


def _live(
    chosen: config.Config, monitoring: Monitoring, locks: Path, claim: rival.Claim, tell: Tell
) -> None:
    _log_to_syslog()
    raise_open_files()
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # what it asks for the first round tells anyway
    try:
        with (
            client_lock.held(monitoring.host_id, locks) as lock,
            contextlib.ExitStack() as ending,
            stopping.on_signals() as stop,
            probing(chosen, monitoring) as (messages, watcher),
        ):
            client_lock.tell_pid(lock)
            claim.take()
            ending.callback(claim.give_back)
            network, key = Network(monitoring.address, monitoring.port), _key(monitoring)
            front = Front(network, monitoring.host_id, chosen.monitoring.missing_state, key)
            client = Client(front, messages, watcher, SystemClock(), periods(monitoring))
            signal.signal(signal.SIGUSR1, lambda *_: client.ask_system())
            tell(client.first_round())
            _report(client, claim, stop)
    except (Problem, FirstRoundError, ValueError) as error:
        tell(f"{_FAILED}{error}")
    except Exception:
        log.exception("the monitord client ends")
        raise


def _report(client: Client, claim: rival.Claim, stop: stopping.Stop) -> None:
    """Until another client takes over. Nobody waits any more to be told why this one ends."""
    try:
        while not claim.is_lost():
            stop.check()  # a library may have swallowed what the signal raised
            client.turn()
    except Exception as error:
        log.exception("the monitord client ends; monitord starts another when it misses it")
        raise SystemExit(1) from error
    log.info("OpenNebula's own client has taken over: this ends")


def _caller() -> str:
    """The address that MONITOR_ADDRESS "auto" stands for: who connected by ssh."""
    return (os.environ.get("SSH_CLIENT") or "").partition(" ")[0]


def _log_to_syslog() -> None:
    """stdout and stderr belong to the driver that waits for the document."""
    try:
        handler: logging.Handler = logging.handlers.SysLogHandler("/dev/log")
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("nebulxc-monitord[%(process)d]: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


if __name__ == "__main__":
    raise SystemExit(main())
