"""The plan and the running container, whichever of action and reboot comes first."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from vmm.errors import DriverError, NotFound
from vmm.nics import hot_nics, network
from vmm.plan import Plan, PlannedNic
from vmm.state import PLAN, State

NIC = PlannedNic("one-7-1", "eth1", "02:00:00:00:00:01", "br0")
OTHER = PlannedNic("one-7-0", "eth0", "02:00:00:00:00:02", "br0")


class Host:
    """Which NICs were made for which init."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[tuple[str, int]] = []
        self.broken: Exception | None = None
        monkeypatch.setattr(network, "attach", self.attach)
        monkeypatch.setattr(network, "detach", self.detach)

    def attach(self, nic: PlannedNic, pid: int) -> None:
        if self.broken:
            raise self.broken
        self.made.append((nic.host_name, pid))

    def detach(self, nic: PlannedNic) -> bool:
        self.made = [made for made in self.made if made[0] != nic.host_name]
        return True


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(hot_nics, "POLL_SECONDS", 0)
    return Host(monkeypatch)


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(str(tmp_path / "one-7"))
    made.create()
    made.write(PLAN, Plan("one-7", 0, 0, (), (OTHER,)).as_json())
    return made


def planned(state: State) -> list[str]:
    return [nic.host_name for nic in Plan.from_json(state.require(PLAN)).nics]


def test_attached_once_for_the_init_that_stays(host: Host, state: State) -> None:
    hot_nics.attach(state, NIC, lambda: 5, lambda: False)
    assert (host.made, planned(state)) == ([("one-7-1", 5)], ["one-7-0", "one-7-1"])
    hot_nics.attach(state, NIC, lambda: 5, lambda: False)
    assert planned(state) == ["one-7-0", "one-7-1"]
    hot_nics.detach(state, NIC)
    assert (host.made, planned(state)) == ([], ["one-7-0"])


def test_again_for_the_next_init_when_it_reboots_meanwhile(host: Host, state: State) -> None:
    inits: Iterator[int | None] = iter([5, None, None, 6, 6])
    hot_nics.attach(state, NIC, lambda: next(inits), lambda: False)
    assert host.made == [("one-7-1", 5), ("one-7-1", 6)]


def test_an_error_counts_only_when_it_did_not_reboot_meanwhile(host: Host, state: State) -> None:
    host.broken = DriverError("no")
    inits: Iterator[int | None] = iter([5, None, 6, 6])
    with pytest.raises(DriverError, match=r"^no$"):
        hot_nics.attach(state, NIC, lambda: next(inits), lambda: False)
    assert list(inits) == []


def test_one_that_has_ended_gets_nothing(host: Host, state: State) -> None:
    with pytest.raises(NotFound, match="one-7 does not run; resume the VM"):
        hot_nics.attach(state, NIC, lambda: None, lambda: True)
    assert host.made == []


def test_a_start_makes_what_the_plan_says(host: Host, state: State) -> None:
    hot_nics.attach_all(state, 9)
    assert host.made == [("one-7-0", 9)]


def test_what_is_not_defined_is_told(host: Host, tmp_path: Path) -> None:
    nowhere = State(str(tmp_path / "one-8"))
    with pytest.raises(NotFound, match="one-8 is not defined here"):
        hot_nics.attach(nowhere, NIC, lambda: None, lambda: True)
    with pytest.raises(NotFound, match="one-8 is not defined here"):
        hot_nics.detach(nowhere, NIC)
