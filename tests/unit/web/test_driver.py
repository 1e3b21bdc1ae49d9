"""What the page tells of a container that the driver runs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vmm import applied, journal

ENTRY = journal.Entry(1_763_800_000_000, "deploy", "one-7", "LCM_STATE 2", "done", "one-7", 1.5)
DEFINITION = {"unprivileged": True, "disks": [], "nics": []}


@pytest.fixture
def driver(world: Any, tmp_path: Path) -> Any:
    """The world with a driver's files in `tmp_path`."""
    (tmp_path / "ct" / "one-7").mkdir(parents=True)
    world.settings = replace(
        world.settings, driver_state=tmp_path / "ct", journal=tmp_path / "journal.jsonl"
    )
    world.cycle()
    return world


def told(world: Any, name: str = "one-7") -> Any:
    return world.client().get(f"/api/containers/{name}").get_json()["driver"]


def test_nothing_is_told_of_what_the_driver_does_not_know(driver: Any) -> None:
    assert told(driver) is None
    assert told(driver, "web") is None


def test_definition_and_actions_the_last_first(driver: Any, tmp_path: Path) -> None:
    (tmp_path / "ct/one-7" / applied.FILE).write_text(json.dumps(DEFINITION))
    path = str(tmp_path / "journal.jsonl")
    journal.append(path, ENTRY)
    journal.append(path, replace(ENTRY, action="cancel", vm="one-8"))
    client = driver.client()
    first = client.get("/api/containers/one-7").get_json()["driver"]
    assert first["definition"] == DEFINITION
    assert [one["action"] for one in first["actions"]] == ["deploy"]
    assert first["actions"][0] == {
        "time": 1_763_800_000.0,
        "action": "deploy",
        "outcome": "done",
        "seconds": 1.5,
        "reason": "LCM_STATE 2",
        "said": "one-7",
    }
    journal.append(path, replace(ENTRY, action="reboot", outcome="failed", said="no"))
    again = client.get("/api/containers/one-7").get_json()["driver"]
    assert [one["action"] for one in again["actions"]] == ["reboot", "deploy"]


def test_a_journal_of_a_container_that_is_gone_is_still_told(driver: Any, tmp_path: Path) -> None:
    journal.append(str(tmp_path / "journal.jsonl"), ENTRY)
    assert told(driver)["definition"] is None
    assert len(told(driver)["actions"]) == 1
