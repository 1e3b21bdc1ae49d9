import logging
import threading

import pytest

from control.services import maintenance
from control.services.maintenance import Announced, scheduled


def test_a_failure_is_logged_once_and_its_end_once(caplog: pytest.LogCaptureFixture) -> None:
    outcomes = iter([OSError("full"), OSError("full"), OSError("other"), None, None])

    def job() -> None:
        outcome = next(outcomes)
        if outcome is not None:
            raise outcome

    announced = Announced(job)
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            announced()
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR", "INFO"]


def test_a_run_under_way_does_not_delay_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "EVERY_S", 0.05)
    began, told_to_stop, ended = threading.Event(), threading.Event(), threading.Event()

    def long_job() -> None:
        began.set()
        if told_to_stop.wait(120):
            ended.set()

    with scheduled(long_job):
        assert began.wait(60)
    told_to_stop.set()
    assert ended.wait(60)


def test_it_runs_in_the_background_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "EVERY_S", 0.05)
    ran = threading.Event()
    with scheduled(ran.set):
        assert ran.wait(60)
    assert not [thread for thread in threading.enumerate() if "APScheduler" in thread.name]
