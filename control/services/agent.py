"""The daemon: reads every cycle, keeps it, looks after the store and runs the page."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from collector.clock import SystemClock
from collector.cycle import Loop
from collector.limits import raise_open_files
from collector.model import Cycle
from collector.store import StoreError
from collector.store.sqlite import SqliteWriter
from control import opening
from control.accounts import group_exists
from control.problem import Problem
from control.services import ending, lock
from control.services.maintenance import scheduled
from control.services.page_process import PageProcess
from control.settings.config import Config
from control.stopping import Stop

log = logging.getLogger(__name__)

GROUP = "nebulxc"
NS = 1_000_000_000
_HEARTBEAT_S = 5.0
_PATIENCE_S = 30.0
_FIRST_CYCLE_TIMEOUT_S = 30.0
_END_S = 60.0
"""Of the 90 s that the service manager waits (nebulxc-agent.service)."""


class Notifier(Protocol):
    """Tells the service manager how we are."""

    def notify(self, state: str) -> None:
        """Send "READY=1" and the like."""
        ...


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the entry point decided: who is told, and the page's command line (None: no page).

    `text` is the configuration as written: the page's user may not be able to read its file.
    """

    config: Config
    text: str
    notifier: Notifier
    page: Sequence[str] | None = None


def run(wiring: Wiring, stop: Stop, started: Callable[[Loop], None]) -> None:
    """Work until `stop` unwinds us. `started` is called when the first cycle is stored."""
    with stop.deferred(), running(wiring, stop) as loop:
        _wait_for_first_cycle(loop, stop)
        started(loop)
        wiring.notifier.notify("READY=1")
        try:
            _beat(loop, wiring, stop)
        finally:
            wiring.notifier.notify("STOPPING=1")


@contextlib.contextmanager
def running(wiring: Wiring, stop: Stop) -> Iterator[Loop]:
    """Everything an agent consists of runs during this block, and ends with it in order."""
    stack = contextlib.ExitStack()
    try:
        yield _started(stack, wiring, stop)
    finally:
        with ending.within(_END_S):
            stack.close()


def _started(stack: contextlib.ExitStack, wiring: Wiring, stop: Stop) -> Loop:
    config = wiring.config
    stack.enter_context(lock.held(Path(config.store.directory)))
    if (problem := raise_open_files()) is not None:
        log.warning("%s", problem)
    collector = stack.enter_context(opening.collecting(config))
    writer = stack.enter_context(contextlib.closing(_writer(config, reading_group())))
    stop.check()  # opening may have migrated or repaired a large store
    stack.enter_context(scheduled(writer.maintain))
    loop = Loop(collector, writer, config.collector.interval, SystemClock())
    loop.start()
    stack.callback(loop.stop)
    if wiring.page is not None:
        page = PageProcess(wiring.page, wiring.text)
        page.start()
        stack.callback(page.stop)
    return loop


def reading_group() -> str | None:
    """The group that may read the store, None (root alone) where it does not exist."""
    if group_exists(GROUP):
        return GROUP
    log.warning("there is no group %s: only root can read the store", GROUP)
    return None


def _writer(config: Config, group: str | None) -> SqliteWriter:
    settings = opening.store_settings(config, group)
    try:
        return SqliteWriter(opening.store_path(config), settings, SystemClock())
    except StoreError as error:
        raise Problem(str(error)) from error


def _wait_for_first_cycle(loop: Loop, stop: Stop) -> None:
    deadline = time.monotonic() + _FIRST_CYCLE_TIMEOUT_S
    while loop.last is None:
        if time.monotonic() > deadline:
            raise Problem("the first reading of this host takes longer than 30 s: see the log")
        stop.wait(0.05)


def _beat(loop: Loop, wiring: Wiring, stop: Stop) -> None:
    """Tell the service manager that we live for as long as cycles are read."""
    while True:
        stop.wait(_HEARTBEAT_S)
        if is_alive(loop.last, wiring.config.collector.interval, time.monotonic_ns()):
            wiring.notifier.notify("WATCHDOG=1")


def is_alive(last: Cycle | None, interval_s: float, now_ns: int) -> bool:
    """Whether the cycle read last is as young as it should be; a single late one is forgiven."""
    limit_s = max(_PATIENCE_S, 3 * interval_s)
    return last is not None and now_ns - last.stamp.mono_ns <= limit_s * NS
