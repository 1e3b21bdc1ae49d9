"""The slow jobs, away from collection: sealing, roll-ups, retention."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

log = logging.getLogger(__name__)

EVERY_S = 60


@contextmanager
def scheduled(maintain: Callable[[], None]) -> Iterator[None]:
    """`maintain` runs each minute during this block, never twice at a time, late rather than not.

    A failure is logged when it begins and when it is over, not every minute. A run that is under
    way at the end is not waited for: closing the store tells it to stop, and waits.
    """
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone="UTC",
    )
    scheduler.add_job(Announced(maintain), "interval", seconds=EVERY_S, name="store")
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)


class Announced:
    """A job whose failures are logged once per change."""

    def __init__(self, job: Callable[[], None]) -> None:
        self._job = job
        self._failure: str | None = None

    def __call__(self) -> None:
        """Run the job. Never raises: the next run is the remedy."""
        try:
            self._job()
        except Exception as error:  # a job's failure must not end the schedule
            if str(error) != self._failure:
                log.exception("store maintenance failed; it is tried again every minute")
            self._failure = str(error)
        else:
            if self._failure is not None:
                log.info("store maintenance works again")
            self._failure = None
