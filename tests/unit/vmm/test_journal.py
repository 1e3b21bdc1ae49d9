import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from vmm import journal
from vmm.journal import Entry


def _entry(number: int, vm: str = "one-7") -> Entry:
    return Entry(number, "deploy", vm, "LCM_STATE 2", "done", "one-7 \u2013 ok", 1.5)


def test_kept_in_order_and_found_by_vm(tmp_path: Path) -> None:
    path = str(tmp_path / "journal.jsonl")
    assert journal.read(path) == []
    for number in range(5):
        journal.append(path, _entry(number, f"one-{number % 2}"))
    assert [entry.wall_ms for entry in journal.read(path)] == [0, 1, 2, 3, 4]
    assert [entry.wall_ms for entry in journal.read(path, "one-1")] == [1, 3]
    assert [entry.wall_ms for entry in journal.read(path, last=2)] == [3, 4]
    assert Path(path).stat().st_mode & 0o777 == 0o640


def test_a_torn_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal.append(str(path), _entry(1))
    with path.open("a") as file:
        file.write('{"wall_ms": 2, "act\n[]\n{"other": 1}\n')
    journal.append(str(path), _entry(3))
    assert [entry.wall_ms for entry in journal.read(str(path))] == [1, 3]


def test_bounded_and_read_across_the_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.jsonl"
    monkeypatch.setattr(journal, "MAX_BYTES", 1000)
    for number in range(100):
        journal.append(str(path), _entry(number))
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 2500
    numbers = [entry.wall_ms for entry in journal.read(str(path))]
    assert numbers == list(range(numbers[0], 100))
    assert len(numbers) > 5


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The entries 0 and 1, and no room for more."""
    path = tmp_path / "journal.jsonl"
    for number in range(2):
        journal.append(str(path), _entry(number))
    monkeypatch.setattr(journal, "MAX_BYTES", 100)
    return path


def test_of_two_that_find_it_full_one_puts_it_aside(
    full: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one comes to it after the first has put it aside and begun the next."""
    flock = fcntl.flock

    def late(*arguments: Any) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        os.replace(full, f"{full}.1")
        monkeypatch.setattr(journal, "MAX_BYTES", 1000)
        journal.append(str(full), _entry(2))
        flock(*arguments)

    monkeypatch.setattr(fcntl, "flock", late)
    journal.append(str(full), _entry(3))
    assert [entry.wall_ms for entry in journal.read(str(full))] == [0, 1, 2, 3]


def test_whoever_reads_it_cannot_hold_actions_up(full: Path) -> None:
    with full.open() as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)
        journal.append(str(full), _entry(2))
    assert not Path(f"{full}.1").exists()
    assert [entry.wall_ms for entry in journal.read(str(full))] == [0, 1, 2]
