import logging
import threading

import pytest

from control import maintenance
from control.maintenance import Announced, scheduled


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


def test_it_runs_in_the_background_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "EVERY_S", 0.05)
    ran = threading.Event()
    with scheduled(ran.set):
        assert ran.wait(10)
    assert not [thread for thread in threading.enumerate() if "APScheduler" in thread.name]
