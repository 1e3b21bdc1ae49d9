import json
from base64 import b64encode
from pathlib import Path

import pytest

from im_probes.executions import Executions
from im_probes.probes.vm_execution import SETTLE_MS, is_due, render

NOW = 1_800_000_000_000
OUT = b64encode(b'"a" ]]> b\n').decode()


def done(**changes: object) -> dict[str, object]:
    return {
        "id": "a1",
        "status": "DONE",
        "runner": 77,
        "return_code": 3,
        "stdout": OUT,
        "stderr": "",
        "ended_ms": NOW - SETTLE_MS,
    } | changes


def write(state: Path, name: str, content: object) -> None:
    (state / name).mkdir(exist_ok=True)
    (state / name / "exec.json").write_text(json.dumps(content))


def test_one_line_per_vm_as_oned_reads_them() -> None:
    assert render({9: done(return_code=0), 7: done()}) == (
        f'VM=[ID="7",PID="77",STATUS="DONE",RETURN_CODE="3",STDOUT="{OUT}",STDERR=""]\n'
        f'VM=[ID="9",PID="77",STATUS="DONE",RETURN_CODE="0",STDOUT="{OUT}",STDERR=""]\n'
    )
    assert render({}) == ""


def test_told_when_opennebula_knows_that_it_ran() -> None:
    assert not is_due(done(ended_ms=NOW - SETTLE_MS + 1), NOW)
    assert is_due(done(), NOW)
    assert is_due(done(ended_ms=NOW + 5000), NOW), "the clock was set back"
    assert not is_due(done(ended_ms=None, status="RUNNING"), NOW)


def test_each_is_told_once_and_again_only_when_it_did_not_arrive(tmp_path: Path) -> None:
    executions = Executions(tmp_path, lambda: ["one-7", "one-8", "my-one", "one-9"])
    write(tmp_path, "one-7", done())
    write(tmp_path, "one-8", done(ended_ms=None))
    assert executions.due(NOW) == executions.due(NOW) == {7: done()}
    executions.told(executions.due(NOW))
    assert executions.due(NOW) == {}
    write(tmp_path, "one-7", done(id="a2"))
    write(tmp_path, "one-8", done())
    assert executions.due(NOW) == {7: done(id="a2"), 8: done()}


@pytest.mark.parametrize("content", ["{", "[]", '"x"', "{}", ""])
def test_what_cannot_be_read_is_left_out(tmp_path: Path, content: str) -> None:
    (tmp_path / "one-7").mkdir()
    (tmp_path / "one-7/exec.json").write_text(content)
    assert Executions(tmp_path, lambda: ["one-7"]).due(NOW) == {}
