from collections.abc import Callable
from typing import Any

import pytest

from collector.model import Column, Entity, Row, Stamp
from collector.reading import Reading
from im_probes.probes.vm_status import State, changes, render, render_all, states

Parse = Callable[[str], Any]


def reading(name: str, *marks: float) -> Reading:
    columns = tuple(
        Column("lxc_state", (("state", state),)) for state in ("running", "frozen", "stopped")
    )
    entity = Entity("container", name, ())
    return Reading(Row(entity, 1, columns, marks), Stamp(0, 0, "b"))


def test_only_opennebulas_containers_have_a_state() -> None:
    found = states(
        [
            reading("one-7", 1, 0, 0),
            reading("one-8", 0, 1, 0),
            reading("one-9", 0, 0, 1),
            reading("my-one-7", 1, 0, 0),
            reading("one-07", 1, 0, 0),
            reading("one-1\n", 1, 0, 0),
            reading("one-10", *[float("nan")] * 3),
        ]
    )
    assert found == {7: State.RUNNING, 8: State.SUSPENDED, 9: State.POWEROFF}


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({}, {7: State.RUNNING}, {7: State.RUNNING}),
        ({7: State.RUNNING}, {7: State.RUNNING}, {}),
        ({7: State.RUNNING}, {7: State.SUSPENDED}, {7: State.SUSPENDED}),
        ({7: State.RUNNING}, {}, {7: State.POWEROFF}),
        ({7: State.POWEROFF}, {}, {}),
    ],
)
def test_changes(before: Any, now: Any, told: Any) -> None:
    assert changes(before, now) == told


def test_what_monitord_reads(oned_parses: Parse) -> None:
    now = {7: State.RUNNING, 11: State.SUSPENDED}
    assert oned_parses(render_all(now, "POWEROFF")) == [
        ("SYNC_STATE", "yes"),
        ("MISSING_STATE", "POWEROFF"),
        ("VM", {"ID": "7", "DEPLOY_ID": "one-7", "STATE": "RUNNING"}),
        ("VM", {"ID": "11", "DEPLOY_ID": "one-11", "STATE": "SUSPENDED"}),
    ]
    assert render({}) == ""
