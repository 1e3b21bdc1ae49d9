import signal

import pytest

from vmm.undo import Undo


def test_undone_in_reverse_unless_committed() -> None:
    done: list[str] = []
    with Undo() as undo:
        undo.add("a", lambda: done.append("a"))
        undo.add("b", lambda: done.append("b"))
    assert done == ["b", "a"]
    with Undo() as undo:
        undo.add("c", lambda: done.append("c"))
        undo.commit()
    assert done == ["b", "a"]


def test_the_first_error_surfaces_and_names_what_could_not_be_undone() -> None:
    done: list[str] = []

    def fails() -> None:
        raise OSError("device busy")

    with pytest.raises(ValueError, match="original") as caught, Undo() as undo:
        undo.add("a", lambda: done.append("a"))
        undo.add("unmount it", fails)
        raise ValueError("original")
    assert done == ["a"]
    assert caught.value.__notes__ == ["undo: unmount it: device busy"]


def test_an_undo_that_fails_without_another_error_is_raised() -> None:
    def fails() -> None:
        raise OSError("device busy")

    with pytest.raises(OSError, match="device busy"), Undo() as undo:
        undo.add("unmount it", fails)


def test_no_signal_ends_the_undoing() -> None:
    done: list[str] = []
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: came.append(number))
    try:
        with Undo() as undo:
            undo.add("a", lambda: done.append(f"a after {len(came)} signals"))
            undo.add("b", lambda: signal.raise_signal(signal.SIGTERM))
        assert done == ["a after 0 signals"]
        assert came == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
