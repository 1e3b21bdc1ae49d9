"""What the slow scheduler runs: seal, fold, forget, in this order, each step short."""

from collector.model import Stamp
from collector.store import fold, retention, seal
from collector.store.job import Job

CYCLES = 20
"""Deleted from the head per transaction."""


def run(job: Job, now: Stamp) -> None:
    """Do all that is due; returns early, with nothing half-shown, once the job should stop."""
    db, stop = job.db, job.stop
    _seal_and_clear(job)
    while not stop() and (day := fold.due(db)):
        fold.fold(db, day, stop)
    if retention.clock_trusted(db, now):
        retention.expire_by_age(db, job.settings, now.wall_ms)
        retention.forget_names(db, job.settings, now.wall_ms)
    retention.reap(job)
    retention.expire_by_size(job, now.wall_ms)
    db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    retention.give_back(job)


def _seal_and_clear(job: Job) -> None:
    while not job.stop():
        while not job.stop() and seal.clear_head(job.db, CYCLES):
            pass
        if (times := seal.due(job.db)) is None:
            return
        seal.seal(job.db, times, job.stop)
