import contextlib
import os
import signal
import threading
import time

import pytest

from control.stopping import SIGNALS, Stop, Stopped, on_signals


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_unwinds_and_ends_quietly(number: signal.Signals) -> None:
    unwound = []
    with on_signals():
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        finally:
            unwound.append(True)
            os.kill(os.getpid(), number)  # an impatient second one does not disturb it
            unwound.append(True)
    assert unwound == [True, True]


def test_afterwards_signals_are_what_they_were() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with on_signals():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_no_except_clause_for_errors_swallows_it() -> None:
    assert not issubclass(Stopped, Exception)


def test_a_library_that_swallows_everything_does_not_lose_it() -> None:
    with on_signals() as stop:
        with contextlib.suppress(BaseException):
            interrupt()
            signal.pause()
        stop.wait(3600)
        pytest.fail("it waited")


def test_a_deferred_block_is_interrupted_only_where_it_waits() -> None:
    reached = []
    with on_signals() as stop, stop.deferred():
        interrupt()
        time.sleep(0)
        reached.append("the next line")
        stop.wait(3600)
        reached.append("no further")
    assert reached == ["the next line"]


def test_a_wait_is_cut_short_and_its_waker_called() -> None:
    woken = []
    with on_signals() as stop, stop.deferred(lambda: woken.append(True)):
        threading.Timer(0.1, interrupt).start()
        stop.wait(3600)
        pytest.fail("it waited")
    assert woken == [True]


def test_a_deferred_block_that_never_waits_ends_as_stopped() -> None:
    with on_signals() as stop:
        with stop.deferred():
            interrupt()
        pytest.fail("it went on")


def test_after_a_deferred_block_signals_interrupt_again() -> None:
    with on_signals() as stop:
        with stop.deferred():
            pass
        interrupt()
        signal.pause()
        pytest.fail("it went on")


def test_a_wait_without_a_signal_is_a_sleep() -> None:
    stop = Stop()
    stop.wait(0.01)
    stop.check()
    assert not stop.asked
