"""The worker that makes calls which may hang; here they hang on an event."""

import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from support.cycles import Time

from collector.statfs import Worker, usage


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def worker(clock: Time) -> Iterator[Worker[int]]:
    made: Worker[int] = Worker(deadline_s=5, abandoned_max=2, clock=clock)
    yield made
    made.close()


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def asked(worker: Worker[int], key: str, value: int) -> int | None:
    """What asking `key` for `value` gives."""
    answer = worker.ask(key, lambda: value, timeout_s=60)
    return answer.value if answer else None


def hang(worker: Worker[int], key: str, release: threading.Event) -> None:
    """Have the worker's thread enter a call that does not return."""
    inside = threading.Event()

    def call() -> int:
        inside.set()
        release.wait()
        return 0

    assert worker.submit(key, call)
    assert inside.wait(60)


def test_an_answer_comes_later_with_its_time(worker: Worker[int], clock: Time) -> None:
    clock.now = 3
    assert worker.submit("a", lambda: 42)
    until(lambda: worker.answer("a"))
    answer = worker.answer("a")
    assert answer is not None
    assert (answer.value, answer.at) == (42, 3)


def test_what_is_left_for_later_is_made_once_the_thread_is_woken(worker: Worker[int]) -> None:
    asked(worker, "a", 1)
    assert worker.submit("b", lambda: 2, later=True)
    worker.wake()
    until(lambda: worker.answer("b"))
    assert worker.fresh("b", age_s=0) == 2


def test_an_error_is_an_answer_without_value(worker: Worker[int]) -> None:
    def fails() -> int:
        raise OSError(5, "I/O error")

    worker.submit("a", fails)
    until(lambda: worker.answer("a"))
    answer = worker.answer("a")
    assert answer is not None
    assert answer.value is None
    assert asked(worker, "b", 1) == 1


def test_a_defect_is_logged_and_costs_no_thread(
    worker: Worker[int], clock: Time, caplog: pytest.LogCaptureFixture
) -> None:
    worker.submit("a", lambda: 1 // 0)
    assert worker.settle(60)
    clock.now = 100
    assert worker.abandoned == 0
    assert asked(worker, "b", 2) == 2
    assert "ZeroDivisionError" in caplog.text


def test_a_hanging_call_costs_one_thread_and_only_its_key(
    worker: Worker[int], clock: Time, release: threading.Event
) -> None:
    hang(worker, "dead", release)
    assert worker.abandoned == 0
    clock.now = 5
    assert worker.abandoned == 1
    assert not worker.submit("dead", lambda: 1)
    assert asked(worker, "alive", 2) == 2
    release.set()
    until(lambda: worker.abandoned == 0)
    assert asked(worker, "dead", 3) == 3


def test_what_waits_behind_a_hanging_call_is_made_by_another_thread(
    worker: Worker[int], clock: Time, release: threading.Event
) -> None:
    hang(worker, "dead", release)
    assert worker.submit("behind", lambda: 7)
    clock.now = 5
    assert not worker.submit("behind", lambda: 8)
    until(lambda: worker.answer("behind"))
    assert worker.fresh("behind", age_s=0) == 7


def test_an_answer_that_is_too_old_is_not_shown(worker: Worker[int], clock: Time) -> None:
    worker.submit("a", lambda: 1)
    assert worker.settle(60)
    clock.now = 10
    assert worker.fresh("a", age_s=10) == 1
    assert worker.fresh("a", age_s=9) is None


def test_no_more_threads_than_allowed_are_given_up(
    worker: Worker[int], clock: Time, release: threading.Event
) -> None:
    for number in range(2):
        hang(worker, f"dead{number}", release)
        clock.now += 5
        assert worker.abandoned == number + 1
    # Threads of other tests may end meanwhile: what counts is that none begins.
    threads = set(threading.enumerate())
    assert not worker.submit("alive", lambda: 1)
    assert set(threading.enumerate()) <= threads
    release.set()
    until(lambda: worker.abandoned == 0)
    assert asked(worker, "alive", 2) == 2


def test_ask_does_not_wait_longer_than_told(worker: Worker[int], release: threading.Event) -> None:
    hang(worker, "dead", release)
    started = time.monotonic()
    assert worker.ask("other", lambda: 1, timeout_s=0.05) is None
    assert time.monotonic() - started < 60  # without a limit it would wait for ever


def test_an_answer_that_came_too_late_is_given_to_the_next_who_asks(
    worker: Worker[int], release: threading.Event
) -> None:
    hang(worker, "slow", release)
    assert worker.ask("behind", lambda: 1, timeout_s=0) is None
    release.set()
    assert worker.settle(60)
    assert asked(worker, "behind", 2) == 1
    assert asked(worker, "behind", 2) == 2


def test_what_is_forgotten_leaves_nothing(worker: Worker[int]) -> None:
    worker.submit("a", lambda: 1)
    until(lambda: worker.answer("a"))
    worker.forget("a")
    assert worker.answer("a") is None


def test_closing_ends_the_thread() -> None:
    before = set(threading.enumerate())
    worker: Worker[int] = Worker()
    assert asked(worker, "a", 1) == 1
    (thread,) = set(threading.enumerate()) - before
    worker.close()
    thread.join(60)
    assert not thread.is_alive()
    assert not worker.submit("b", lambda: 1)


def test_usage_is_what_statvfs_says_and_nothing_stays_open() -> None:
    before = os.listdir("/proc/self/fd")
    found = usage("/", os.stat("/").st_dev)
    told = os.statvfs("/")
    assert found.size == told.f_blocks * told.f_frsize
    assert 0 < found.used <= found.size
    assert os.listdir("/proc/self/fd") == before


def test_another_file_system_or_a_link_is_refused(tmp_path: os.PathLike[str]) -> None:
    with pytest.raises(OSError, match="another file system"):
        usage("/", 12345)
    link = os.path.join(tmp_path, "link")
    os.symlink("/", link)
    with pytest.raises(OSError, match="another file system"):
        usage(link, None)
