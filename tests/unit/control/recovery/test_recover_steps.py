"""The steps around a recovery, without containers: `tests/host/vmm/test_recovery.py` has these."""

import json
from pathlib import Path

import pytest

from control.commands import recover as command
from control.doctor import recovery as doctor
from control.doctor.sight import Sight
from control.recovery import recover_steps
from control.recovery.recover_start import Outcome, Told
from im_probes.recovery import FLAG
from vmm import boot
from vmm.boot import Boot
from vmm.errors import CommandError
from vmm.host import Host
from vmm.policy import AfterBoot, NodePolicy
from vmm.site import Site, WallClock
from vmm.state import ATTEMPT, MONITOR, State


class Systemd(Host):
    """Answers for systemctl: the system's state, and the units that are enabled."""

    def __init__(self, state: str = "running", enabled: tuple[str, ...] = ()) -> None:
        self.state, self.enabled = state, enabled

    def run(self, *argv: str, **_: object) -> str:  # type: ignore[override] -- nothing else is asked
        if argv[1] == "show":
            return f"{self.state}\n"
        if argv[-1] not in self.enabled:
            raise CommandError(argv, 1, "")
        return ""


class Silent:
    def info(self, text: str) -> None: ...

    def warning(self, text: str) -> None: ...


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmm.attempt.boot_id", lambda: "now")


def site(base: Path, host: Host, after_boot: AfterBoot = AfterBoot.START) -> Site:
    (base / "ct").mkdir(exist_ok=True)
    policy = NodePolicy(
        state=str(base / "ct"),
        lxc=str(base / "lxc"),
        after_boot=after_boot,
        journal=str(base / "j"),
    )
    return Site(policy, host, Silent(), WallClock())


def container(base: Path, name: str, started_in: str) -> State:
    """One whose init does not run."""
    state = State(str(base / "ct" / name))
    state.create()
    state.write(MONITOR, {"pid": 0, "started": 0, "boot_id": started_in})
    attempt = {"id": "x", "phase": "running", "deadline_ns": 0, "boot_id": started_in}
    state.write(ATTEMPT, attempt)
    return state


@pytest.mark.parametrize(
    ("after_boot", "last", "held"),
    [
        (AfterBoot.START, "before", True),
        (AfterBoot.START_SHARED, "before", True),
        (AfterBoot.LEAVE, "before", False),
        (AfterBoot.START, "now", False),
    ],
)
def test_states_are_held_back_where_containers_come_back(
    tmp_path: Path, after_boot: AfterBoot, last: str, held: bool
) -> None:
    one = site(tmp_path, Systemd(), after_boot)
    boot.save(one.policy.state, Boot(last))
    recover_steps.announce(one.policy, tmp_path)
    assert (tmp_path / FLAG).exists() is held


def test_they_are_told_again_whatever_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = site(tmp_path, Systemd())

    def breaks(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(recover_steps, "look", breaks)
    recover_steps.announce(one.policy, tmp_path)
    assert (tmp_path / FLAG).exists()
    with pytest.raises(RuntimeError, match="broken"):
        recover_steps.recover(one, lambda _: None, at_boot=True, root=tmp_path)
    assert not (tmp_path / FLAG).exists()


def test_the_end_of_a_killed_unit_tells_them_again(tmp_path: Path) -> None:
    one = site(tmp_path, Systemd("running"))
    recover_steps.announce(one.policy, tmp_path)
    recover_steps.end(one, tmp_path)
    assert not (tmp_path / FLAG).exists()


def test_no_directory_of_containers_is_nothing_to_do(tmp_path: Path) -> None:
    one = Site(NodePolicy(state=str(tmp_path / "ct")), Systemd(), Silent(), WallClock())
    assert recover_steps.recover(one, lambda _: None, root=tmp_path) == []
    assert recover_steps.planned(one) == []


def test_the_unit_that_ends_is_not_the_host_that_goes_down(tmp_path: Path) -> None:
    """An upgrade ends it too."""
    one = site(tmp_path, Systemd("running"))
    recover_steps.end(one, tmp_path)
    assert not boot.goes_down(one.policy.state)
    recover_steps.end(site(tmp_path, Systemd("stopping")), tmp_path)
    assert boot.goes_down(one.policy.state)


def test_what_died_without_a_hooks_word_did_not_run_until_the_end(tmp_path: Path) -> None:
    """kill -9 of LXC's monitor: OpenNebula was told POWEROFF."""
    one = site(tmp_path, Systemd("stopping"))
    dead, before = container(tmp_path, "one-7", "now"), container(tmp_path, "one-8", "before")
    recover_steps.end(one, tmp_path)
    assert (boot.ended(dead), boot.ended(before)) == (boot.STOPPED, "")


def test_damaged_records_are_told_of(tmp_path: Path) -> None:
    one = site(tmp_path, Systemd())
    container(tmp_path, "one-7", "before")
    (tmp_path / "ct/one-7" / MONITOR).write_text("{")
    boot.save(one.policy.state, Boot("before"))
    (told,) = recover_steps.recover(one, lambda _: None, at_boot=True, root=tmp_path)
    assert told.outcome == Outcome.FAILED
    assert "monitor.json is damaged" in told.why


def test_the_doctor_names_what_was_left_and_units_that_are_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from control.doctor.sight import Life
    from control.install.node import BOOT_UNITS
    from vmm.container import Container

    monkeypatch.setattr("control.install.services.RUNS", tmp_path)
    host = Systemd(enabled=BOOT_UNITS[:1])
    one = site(tmp_path, host)
    container(tmp_path, "one-7", "before")
    container(tmp_path, "one-8", "before")  # an action is at it: it is not among the lives
    boot.save(one.policy.state, Boot("now", "before"))
    life = Life(Container("one-7", one.policy, host), defined=True, init=None, hangs=False)
    found = list(doctor.check(Sight(one.policy, host, (life,))))
    assert [(each.subject, each.note) for each in found] == [("node", False), ("one-7", False)]
    assert found[0].where == BOOT_UNITS[1]
    assert found[1].remedy == "onevm resume 7"
    leaving = site(tmp_path, host, AfterBoot.LEAVE).policy
    assert [each.note for each in doctor.check(Sight(leaving, host, (life,)))] == [True]


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ((), 0),
        ((Outcome.STARTED, Outcome.RUNNING, Outcome.ENDED, Outcome.LEFT), 0),
        ((Outcome.STARTED, Outcome.FAILED), 1),
        ((Outcome.REFUSED,), 1),
        ((Outcome.INTERRUPTED,), 1),
    ],
)
def test_the_commands_status_and_json(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    outcomes: tuple[Outcome, ...],
    status: int,
) -> None:
    from control.cli import main

    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("control.settings.driver_policy.load", lambda *_: NodePolicy())
    told = [Told(f"one-{n}", each, "why", 0.5) for n, each in enumerate(outcomes)]
    monkeypatch.setattr(recover_steps, "recover", lambda *_, **__: told)
    assert main(["recover", "--json"]) == status
    said = json.loads(capsys.readouterr().out)
    assert [(one["container"], one["outcome"]) for one in said] == [
        (f"one-{n}", each.value) for n, each in enumerate(outcomes)
    ]


def test_a_person_who_is_not_root_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from control.cli import main

    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert main(["recover"]) == 1
    assert "must run as root" in capsys.readouterr().err
    assert command.EXAMPLE.startswith("sudo nebulxc recover")
