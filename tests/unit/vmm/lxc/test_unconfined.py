"""What is written to AppArmor's file; that the kernel obeys is shown by the guest's tests."""

from pathlib import Path

import pytest

from vmm.errors import DriverError
from vmm.lxc import unconfined

QUESTION = b"changeprofile unconfined"


@pytest.mark.parametrize("mode", [b"enforce", b"complain"])
def test_a_confined_process_asks_to_be_so_no_longer(tmp_path: Path, mode: bytes) -> None:
    current = tmp_path / "current"
    said = b"/usr/bin/lxc-start (" + mode + b")\n"
    current.write_bytes(said)
    unconfined.become(str(current))
    assert current.read_bytes() == QUESTION + said[len(QUESTION) :]


@pytest.mark.parametrize("said", [b"unconfined\n", b"unconfined", b""])
def test_an_unconfined_one_asks_nothing(tmp_path: Path, said: bytes) -> None:
    current = tmp_path / "current"
    current.write_bytes(said)
    unconfined.become(str(current))
    assert current.read_bytes() == said


def test_without_apparmor_nothing_happens(tmp_path: Path) -> None:
    unconfined.become(str(tmp_path / "none"))
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_names_the_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    current = tmp_path / "current"
    current.write_bytes(b"mine (enforce)\n")

    def refuse(_file: int, _data: bytes) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.write", refuse)
    with pytest.raises(DriverError, match="profile mine: Permission denied"):
        unconfined.become(str(current))
