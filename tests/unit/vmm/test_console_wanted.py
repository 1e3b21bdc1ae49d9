"""Which consoles are wanted: of running containers that ask for VNC, and of no others."""

import json
import os
from pathlib import Path

import pytest

from vmm import attempt, process
from vmm.console.wanted import NOBODY, Wanted, scan

VNC = {"type": "vnc", "port": 5907, "listen": "0.0.0.0", "password": "geheim"}


def define(base: Path, name: str, graphics: object, uid: int = 1_100_000_000) -> Path:
    """The files of a container whose monitor is this very process."""
    directory = base / name
    directory.mkdir()
    monitor = {
        "pid": os.getpid(),
        "started": process.start_time(os.getpid()),
        "boot_id": attempt.boot_id(),
    }
    files = {"spec": {"graphics": graphics}, "plan": {"uid": uid}, "monitor": monitor}
    for file, value in files.items():
        (directory / f"{file}.json").write_text(json.dumps(value))
    return directory


def test_one_that_runs_and_asks(tmp_path: Path) -> None:
    define(tmp_path, "one-7", VNC)
    wanted = Wanted("one-7", "0.0.0.0", 5907, "geheim", 1_100_000_000 + NOBODY)
    assert scan(str(tmp_path)) == {"one-7": wanted}
    assert "geheim" not in repr(wanted)


def test_a_privileged_one_is_drawn_by_nobody(tmp_path: Path) -> None:
    define(tmp_path, "one-7", VNC, uid=0)
    assert scan(str(tmp_path))["one-7"].uid == NOBODY


@pytest.mark.parametrize("graphics", [None, VNC | {"type": "spice"}, VNC | {"port": None}])
def test_none_that_does_not_ask(tmp_path: Path, graphics: object) -> None:
    define(tmp_path, "one-7", graphics)
    assert scan(str(tmp_path)) == {}


def test_none_that_does_not_run(tmp_path: Path) -> None:
    directory = define(tmp_path, "one-7", VNC)
    (directory / "monitor.json").unlink()
    assert scan(str(tmp_path)) == {}


def test_half_written_and_missing_directories_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "one-8").mkdir()
    (tmp_path / ".ids.lock").touch()
    assert scan(str(tmp_path)) == {}
    assert scan(str(tmp_path / "nowhere")) == {}


@pytest.mark.parametrize("name", ["spec.json", "plan.json", "monitor.json"])
def test_a_torn_record_costs_only_its_own_console(tmp_path: Path, name: str) -> None:
    define(tmp_path, "one-7", VNC)
    (define(tmp_path, "one-8", VNC) / name).write_text('{"torn')
    assert scan(str(tmp_path)).keys() == {"one-7"}
