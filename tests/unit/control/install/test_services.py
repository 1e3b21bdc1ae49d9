from pathlib import Path
from typing import Any

import pytest

from control.install.services import Services
from vmm.errors import CommandError

UNITS = ("a.service", "b.service")


class Systemd:
    """Records what it is told; knows what is enabled and active."""

    def __init__(self, *known: tuple[str, str]) -> None:
        self.known = set(known)
        self.told: list[tuple[str, ...]] = []

    def run(self, *argv: str, **_: object) -> str:
        if argv[1] == "--quiet":
            if (argv[2], argv[3]) not in self.known:
                raise CommandError(argv, 1, "")
        else:
            self.told.append(argv[1:])
        return ""


ALL = [(what, unit) for what in ("is-enabled", "is-active") for unit in UNITS]


def services(systemd: Any, runs: Path, *, changed: bool = False) -> Services:
    return Services(UNITS, systemd, lambda: changed, runs)


def test_new_units_are_enabled_and_started(tmp_path: Path) -> None:
    systemd = Systemd()
    step = services(systemd, tmp_path)
    assert step.missing() == "enable and start a.service, b.service"
    step.apply()
    assert systemd.told == [("daemon-reload",), ("enable", *UNITS), ("restart", *UNITS)]


@pytest.mark.parametrize(
    ("known", "changed", "said"),
    [
        (ALL, False, ""),
        (ALL, True, "start a.service, b.service anew"),
        (ALL[:3], False, "start a.service, b.service anew"),
    ],
)
def test_running_units_start_anew_when_something_changed(
    tmp_path: Path, known: list[tuple[str, str]], changed: bool, said: str
) -> None:
    assert services(Systemd(*known), tmp_path, changed=changed).missing() == said


def test_without_systemd_there_is_nothing_to_do(tmp_path: Path) -> None:
    step = services(Systemd(), tmp_path / "none", changed=True)
    assert (step.missing(), step.leftover()) == ("", "")


def test_removal_stops_them(tmp_path: Path) -> None:
    systemd = Systemd(("is-enabled", "a.service"))
    step = services(systemd, tmp_path)
    assert step.leftover() == "stop and disable a.service, b.service"
    step.remove()
    assert systemd.told == [("disable", "--now", *UNITS)]
