from pathlib import Path

import pytest

from control import doctor
from control.doctor import checks
from control.doctor import round as rounds
from control.doctor.finding import NODE
from control.doctor.sight import Sight
from vmm.errors import DriverError
from vmm.host import Host
from vmm.policy import NodePolicy


def test_every_file_with_a_check_is_in_the_table() -> None:
    files = Path(doctor.__file__).parent.glob("*.py")
    with_a_check = {path.stem for path in files if "\ndef check(" in path.read_text()}
    assert with_a_check == set(checks.CHECKS)
    for name, check in checks.CHECKS.items():
        assert check.__module__ == f"control.doctor.{name}"


def test_a_check_that_cannot_look_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_sight: Sight) -> None:
        raise DriverError("it is dark")

    monkeypatch.setitem(checks.CHECKS, "limits", broken)
    sight = Sight(NodePolicy(), Host(), ())
    (found,) = rounds._found("limits", sight)
    assert (found.subject, found.what) == (NODE, "the check of limits could not look")
    assert found.where == "it is dark"
