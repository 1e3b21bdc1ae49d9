"""The end of a process takes only so long, also when something hangs in the kernel."""

import contextlib
import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Iterator

log = logging.getLogger(__name__)


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Have this block over in `seconds`; else the process ends where it is, with status 1.

    As after a kill, which everything we keep survives. The log then tells where each thread was.
    """
    timer = threading.Timer(seconds, _give_up, [seconds])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _give_up(seconds: float) -> None:
    log.error(
        "the orderly end took longer than %g s, so this process ends without it: what was read last"
        " may not be stored; the threads below show what hangs",
        seconds,
    )
    sys.stderr.flush()
    faulthandler.dump_traceback()
    os._exit(1)
