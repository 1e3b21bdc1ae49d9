"""A restart of the machine: what answers meanwhile is not what is waited for."""

import subprocess
from collections.abc import Iterator

import pytest
from vm import session
from vm.process import CommandError
from vm.session import Session
from vm.settings import RELEASES, Instance

BOOT, UP = "cat /proc/sys/kernel/random/boot_id", "systemctl is-system-running --wait"


class Guest:
    """A guest that answers each question as it is told to; an error breaks the connection."""

    def __init__(self, **answers: list[str | Exception]) -> None:
        self._answers: dict[str, Iterator[str | Exception]] = {
            BOOT: iter(answers["boots"]),
            UP: iter(answers["states"]),
        }

    def run(self, command: str, **_: object) -> "subprocess.CompletedProcess[str]":
        said = next(self._answers.get(command, iter([""])))
        if isinstance(said, Exception):
            raise said
        return subprocess.CompletedProcess([command], 0, said, "")

    def left(self) -> list[str | Exception]:
        """What was never asked for."""
        return [said for answers in self._answers.values() for said in answers]

    def connect(self, *_: object, **__: object) -> None:
        pass

    def disconnect(self) -> None:
        pass


class Machine:
    """What the guest runs on."""

    service = None


def test_it_waits_for_another_boot_and_until_that_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.time, "sleep", lambda _: None)
    lost = CommandError("in the guest, status 255")
    guest = Guest(boots=["one\n", "one\n", lost, "two\n"], states=["", "starting\n", "degraded\n"])
    instance = Instance("fake", RELEASES["bookworm"])
    made = Session(instance, Machine(), guest, None)  # type: ignore[arg-type]  # stand-ins
    made.reboot()
    assert guest.left() == []
