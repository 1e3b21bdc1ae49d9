import os
import signal

import pytest

from control.stopping import SIGNALS, Stopped, on_signals


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
