"""Why a hook failed reaches the action, whatever it was: LXC does not carry a hook's words."""

from pathlib import Path

import pytest

from vmm import hooks
from vmm.errors import DriverError
from vmm.lxc import unconfined
from vmm.mounting import mounts
from vmm.state import ERROR, PLAN, State


@pytest.mark.parametrize(
    ("error", "problem", "remedy"),
    [
        (DriverError("no image", "make one"), "no image", "make one"),
        (OSError(5, "Input/output error"), "[Errno 5] Input/output error", ""),
        (KeyError("uid"), "internal error: KeyError: 'uid'", "see LXC's log"),
    ],
)
def test_a_failure_is_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, problem: str, remedy: str
) -> None:
    def fail(_state: State, _env: object) -> None:
        raise error

    state = State(str(tmp_path / "one-7"))
    state.create()
    state.write(PLAN, {})
    monkeypatch.setattr(mounts, "die_with_parent", lambda: None)
    monkeypatch.setattr(unconfined, "become", lambda: None)
    monkeypatch.setitem(hooks.HOOKS, "pre-start", fail)

    with pytest.raises(type(error)):
        hooks.run("pre-start", state, {})

    assert state.read(ERROR) == {"hook": "pre-start", "problem": problem, "remedy": remedy}
