"""What is kept of boots and ends."""

from pathlib import Path

import pytest

from vmm import boot
from vmm.state import State

FIRST, SECOND = "first", "second"


@pytest.fixture(autouse=True)
def first(monkeypatch: pytest.MonkeyPatch) -> None:
    now(monkeypatch, FIRST)


def now(monkeypatch: pytest.MonkeyPatch, boot_id: str) -> None:
    monkeypatch.setattr("vmm.attempt.boot_id", lambda: boot_id)


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(str(tmp_path / "one-7"))
    made.create()
    return made


def test_the_last_boot_becomes_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = str(tmp_path)
    assert boot.load(base) is None
    assert boot.begin(base) == boot.begin(base) == boot.Boot(FIRST)
    boot.save(base, boot.Boot(FIRST, pending=("one-7",)))
    boot.go_down(base)
    now(monkeypatch, SECOND)
    assert boot.current(base) == boot.Boot(SECOND, FIRST, pending=("one-7",))
    assert boot.load(base) == boot.Boot(FIRST, going_down=True, pending=("one-7",))
    assert boot.begin(base) == boot.load(base)


def test_an_end_counts_unless_the_host_goes_down(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert boot.ended(state) == ""
    boot.end(state)
    assert boot.ended(state) == boot.STOPPED
    boot.live(state)
    boot.live(state)
    assert boot.ended(state) == ""
    boot.go_down(state.base)
    boot.end(state)
    assert boot.ended(state) == ""
    now(monkeypatch, SECOND)  # a shutdown is over with its boot, begun anew or not
    boot.end(state, boot.SUSPENDED)
    assert boot.ended(state) == boot.SUSPENDED
    state.write_text(boot.ENDED, '{"wh')
    assert boot.ended(state) == boot.STOPPED


def test_a_record_that_cannot_be_removed_disturbs_nothing(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    boot.end(state)

    def refuse(_path: str) -> None:
        raise PermissionError

    monkeypatch.setattr("os.unlink", refuse)
    boot.live(state)
    assert boot.ended(state) == boot.STOPPED
