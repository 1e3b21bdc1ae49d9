"""Which half of the suite pytest's arguments are for, and what is done around each."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from vm import suite
from vm.process import CommandError
from vm.settings import RELEASES, Instance
from vm.suite import HALVES, halves

IN, OUT = "tests/guest/inside/test_debian.py", "tests/guest/outside/test_rbd.py"


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], HALVES),
        (["-k", "oom"], ["inside"]),
        ([IN, "-k", "outside"], ["inside"]),
        (["-x", OUT], ["outside"]),
        ([f"./{OUT}"], ["outside"]),
    ],
)
def test_the_paths_say_which(arguments: list[str], wanted: Sequence[str]) -> None:
    assert list(halves(arguments)) == list(wanted)


def test_paths_of_both_are_two_runs() -> None:
    with pytest.raises(CommandError, match="in two runs"):
        halves([IN, OUT])


class Machine:
    """A session that only notes what is done with it."""

    def __init__(self, done: list[str]) -> None:
        self.done, self.instance = done, Instance("fake", RELEASES["bookworm"])
        self.ceph = self

    def ceph_up(self, *, bound: bool) -> None:
        self.done.append("ceph up, bound" if bound else "ceph up")

    def end(self) -> None:
        self.done.append("ceph down")

    def about(self) -> dict[str, str]:
        return {"distribution": "Debian", "kernel": "6.1", "lxc": "5.0"}


@pytest.fixture
def done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a run does, with neither machine nor tests."""
    noted: list[str] = []
    monkeypatch.setattr(suite, "CHECKOUT", tmp_path)
    monkeypatch.setattr(suite, "push", lambda _: noted.append("push"))
    monkeypatch.setattr(suite, "fetch", lambda _, half: noted.append(f"fetch {half}"))
    for half in HALVES:
        monkeypatch.setattr(
            suite, f"run_{half}", lambda *_, half=half: noted.append(f"run {half}") or 0
        )
    return noted


def test_what_a_half_leaves_is_fetched_before_the_next_one(done: list[str]) -> None:
    suite.run_all(Machine(done), HALVES, [])
    assert done == [
        *("push", "run inside", "fetch inside"),
        *("push", "ceph up, bound", "run outside", "ceph down", "fetch outside"),
    ]


def test_what_was_cut_short_is_fetched_too_and_told(
    done: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> int:
        raise CommandError("the guest is gone")

    monkeypatch.setattr(suite, "run_outside", broken)
    with pytest.raises(CommandError, match="gone"):
        suite.run_all(Machine(done), ["outside"], [])
    assert done[-2:] == ["ceph down", "fetch outside"]
    assert "outside: pytest did not come to its end" in capsys.readouterr().out
