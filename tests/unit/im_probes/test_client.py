"""The client against a front-end that comes and goes, on a clock that the test moves."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from collector.inventory import Found
from collector.model import Column, Entity, Row, Stamp
from collector.naming import Name
from collector.reading import Reading
from im_probes import resident
from im_probes.client import Client, FirstRoundError, Front, Task
from im_probes.executions import Executions
from im_probes.recovery import FLAG
from im_probes.resident import Messages
from im_probes.sight import Agent, Sight

Read = Callable[..., tuple[str, str, int, int, str]]
PERIODS = {
    Task.STATES: 5.0,
    Task.SYNC: 180.0,
    Task.BEACON: 30.0,
    Task.VMS: 30.0,
    Task.HOST: 120.0,
    Task.SYSTEM: 600.0,
    Task.EXECUTIONS: 5.0,
}


class Host:
    """A host's containers, its clock, and the way to the front-end: what the client depends on."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.wall_step = 0.0
        self.up: set[str] = set()
        self.orphaned: set[str] = set()
        self.broken: Exception | None = None
        self.reachable = True
        self.received: list[bytes] = []
        self.happened = False
        self.died: dict[str, float] = {}
        self.refreshed = 0

    def now(self) -> Stamp:
        wall = self.seconds + self.wall_step
        return Stamp(round(wall * 1000), round(self.seconds * 1e9), "boot")

    def wait(self, timeout_s: float, *, deaths_only: bool = False) -> bool:
        assert not (deaths_only and self.happened and not self.died), "it would not wake"
        if self.happened:
            self.happened = False
            return True
        self.seconds += timeout_s
        return False

    def refresh(self) -> None:
        self.refreshed += 1

    def die(self, name: str) -> None:
        self.up.remove(name)
        self.died[name] = self.seconds
        self.happened = True

    def lose_monitor(self, name: str) -> None:
        self.orphaned.add(name)
        self.died[name] = self.seconds
        self.happened = True

    def died_within(self, seconds: float) -> frozenset[str]:
        return frozenset(name for name, at in self.died.items() if at > self.seconds - seconds)

    def running(self) -> Mapping[str, Found]:
        return {name: Found(Name(name, None), name, 1, 0, 1) for name in self.up}

    def look(self) -> Sight:
        if self.broken:
            raise self.broken
        columns = (Column("lxc_state", (("state", "running"),)), Column("lxc_pids"))
        return Sight(
            [
                Reading(Row(Entity("container", name, ()), 1, columns, (1.0, 3.0)), self.now())
                for name in self.up
            ],
            Agent.OK,
        )

    def capacity(self, _groups: object) -> Any:
        return None, []

    def see(self, _readings: Any) -> None:
        pass

    def of(self, _vmid: int) -> Any:
        return {}

    def disks(self, _vmids: frozenset[int], **_: bool) -> Any:
        return {}

    def send(self, raw: bytes, *, reliable: bool) -> None:
        if not self.reachable:
            raise ConnectionRefusedError(111, f"Connection refused ({reliable=})")
        self.received.append(raw)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host()
    monkeypatch.setattr(resident, "orphaned", lambda *_: made.orphaned & made.up)
    return made


@pytest.fixture
def client(host: Host, tmp_path: Path) -> Client:
    front = Front(host, 3, "POWEROFF")
    unreal: Any = host
    executions = Executions(tmp_path, host.running)
    messages = Messages(
        host.look, host.running, unreal, lambda: "0.1.0", dict, unreal, executions, root=tmp_path
    )
    return Client(front, messages, unreal, host, PERIODS)


def run(client: Client, host: Host, seconds: float) -> None:
    end = host.seconds + seconds
    while host.seconds < end:
        client.turn()


def kinds(host: Host, read: Read) -> list[str]:
    return [read(raw)[0] for raw in host.received]


def texts(host: Host, read: Read, kind: str) -> list[str]:
    return [read(raw)[4] for raw in host.received if raw.startswith(kind.encode())]


def test_every_message_in_its_period(client: Client, host: Host, monitord_reads: Read) -> None:
    host.up = {"one-7"}
    client.first_round()
    run(client, host, 600)
    found = kinds(host, monitord_reads)
    assert {kind: found.count(kind) for kind in set(found)} == {
        "BEACON_HOST": 20,
        "MONITOR_VM": 20,
        "STATE_VM": 3,
        "SYSTEM_HOST": 1,
    }, "STATE_VM only as full lists: nothing changed; MONITOR_HOST has nothing to say here"


def test_how_a_command_ended_is_told_once_even_over_a_broken_way(
    client: Client, host: Host, tmp_path: Path, monitord_reads: Read
) -> None:
    host.up = {"one-7"}
    (tmp_path / "one-7").mkdir()
    ended = f'"runner": 5, "return_code": 0, "ended_ms": {host.now().wall_ms}'
    (tmp_path / "one-7/exec.json").write_text(f'{{"id": "a", {ended}}}')
    host.reachable = False
    run(client, host, 60)
    assert host.received == []
    host.reachable = True
    run(client, host, 600)
    (text,) = texts(host, monitord_reads, "EXEC_VM")
    assert text.startswith('VM=[ID="7",PID="5",STATUS="DONE",RETURN_CODE="0",')


def test_a_death_is_told_at_once_and_once(client: Client, host: Host, monitord_reads: Read) -> None:
    host.up = {"one-7", "one-8"}
    client.first_round()
    host.up.remove("one-7")
    host.happened = True
    before = host.seconds
    client.turn()
    client.turn()
    (text,) = texts(host, monitord_reads, "STATE_VM")
    assert text == 'VM=[ID="7",DEPLOY_ID="one-7",STATE="POWEROFF"]\n'
    assert host.seconds - before < 1
    run(client, host, 60)
    assert len(texts(host, monitord_reads, "STATE_VM")) == 1


def test_a_reboot_from_inside_is_no_death(client: Client, host: Host, monitord_reads: Read) -> None:
    host.up = {"one-7"}
    client.first_round()
    host.up.clear()
    host.happened = True
    client.turn()
    host.up = {"one-7"}
    run(client, host, 20)
    assert texts(host, monitord_reads, "STATE_VM") == []


def test_a_reboot_beside_a_death_is_no_death(
    client: Client, host: Host, monitord_reads: Read
) -> None:
    host.up = {"one-7", "one-8"}
    client.first_round()
    host.die("one-7")
    client.turn()
    host.seconds += 0.3
    host.die("one-8")
    client.turn()
    client.turn()
    (first,) = texts(host, monitord_reads, "STATE_VM")
    assert first == 'VM=[ID="7",DEPLOY_ID="one-7",STATE="POWEROFF"]\n', "8 may be rebooting"
    host.up.add("one-8")
    run(client, host, 20)
    assert len(texts(host, monitord_reads, "STATE_VM")) == 1
    host.die("one-8")
    run(client, host, 2)
    assert 'ID="8"' in texts(host, monitord_reads, "STATE_VM")[-1]


def test_a_death_beside_a_death_is_told_a_moment_later(
    client: Client, host: Host, monitord_reads: Read
) -> None:
    host.up = {"one-7", "one-8"}
    client.first_round()
    host.die("one-7")
    client.turn()
    host.seconds += 0.3
    host.die("one-8")
    died = host.seconds
    while len(texts(host, monitord_reads, "STATE_VM")) < 2:
        client.turn()
    assert 'ID="8"' in texts(host, monitord_reads, "STATE_VM")[-1]
    assert host.seconds - died < 1


def test_a_container_that_lost_its_monitor_is_a_failure(
    client: Client, host: Host, monitord_reads: Read
) -> None:
    host.up = {"one-7", "one-8"}
    client.first_round()
    host.lose_monitor("one-7")
    before = host.seconds
    client.turn()
    client.turn()
    (text,) = texts(host, monitord_reads, "STATE_VM")
    assert text == 'VM=[ID="7",DEPLOY_ID="one-7",STATE="FAILURE"]\n'
    assert host.seconds - before < 1
    run(client, host, 180)
    full = texts(host, monitord_reads, "STATE_VM")[-1]
    assert full.startswith("SYNC_STATE=yes")
    assert 'VM=[ID="7",DEPLOY_ID="one-7",STATE="FAILURE"]' in full
    host.die("one-7")
    run(client, host, 2)
    assert texts(host, monitord_reads, "STATE_VM")[-1] == (
        'VM=[ID="7",DEPLOY_ID="one-7",STATE="POWEROFF"]\n'
    )


def test_a_container_that_dies_with_its_monitor_is_no_failure(
    client: Client, host: Host, monitord_reads: Read
) -> None:
    host.up = {"one-7"}
    client.first_round()
    host.seconds += 5.0 - 0.1  # its states are due between the two deaths
    host.lose_monitor("one-7")
    client.turn()
    host.seconds += 0.2
    client.turn()
    assert texts(host, monitord_reads, "STATE_VM") == []
    host.die("one-7")
    run(client, host, 20)
    assert texts(host, monitord_reads, "STATE_VM") == [
        'VM=[ID="7",DEPLOY_ID="one-7",STATE="POWEROFF"]\n'
    ]


def test_many_starts_are_looked_at_once(client: Client, host: Host) -> None:
    client.first_round()
    before = host.refreshed
    host.happened = True
    client.turn()
    client.turn()
    assert host.refreshed - before == 1


def test_a_front_end_down_for_an_hour(client: Client, host: Host, monitord_reads: Read) -> None:
    host.up = {"one-7"}
    client.first_round()
    host.reachable = False
    run(client, host, 60)
    host.up = {"one-8"}
    run(client, host, 3600)
    assert host.received == []
    host.reachable = True
    run(client, host, 5.5)
    first, *more = texts(host, monitord_reads, "STATE_VM")
    assert first == "SYNC_STATE=yes\nMISSING_STATE=POWEROFF\n" + (
        'VM=[ID="8",DEPLOY_ID="one-8",STATE="RUNNING"]\n'
    )
    assert more == []
    run(client, host, 34)
    found = kinds(host, monitord_reads)
    assert found.count("BEACON_HOST") <= 2, "what was due while it was down is not made up for"
    assert found.count("MONITOR_VM") <= 2
    assert found.count("STATE_VM") == 1


def test_a_broken_probe_names_itself_and_the_beacon_goes_on(
    client: Client, host: Host, monitord_reads: Read
) -> None:
    host.broken = RuntimeError("no store")
    run(client, host, 121)
    opened = [monitord_reads(raw) for raw in host.received]
    failures = {(kind, text) for kind, outcome, _, _, text in opened if outcome == "FAILURE"}
    assert ("MONITOR_HOST", "nebulxc MONITOR_HOST: RuntimeError: no store") in failures
    assert [kind for kind, outcome, *_ in opened if outcome == "SUCCESS"] == ["BEACON_HOST"] * 4


def test_a_failure_whose_reason_is_no_text_is_told_all_the_same(
    client: Client, host: Host, monitord_reads: Read
) -> None:
    host.broken = OSError(2, "No such file", "/var/\udc80\n]]>")
    run(client, host, 121)
    found = [text for *_, text in map(monitord_reads, host.received) if "MONITOR_HOST" in text]
    assert len(found) == 1, "what cannot be read is no trouble with the network"
    assert found[0].startswith("nebulxc MONITOR_HOST: FileNotFoundError: [Errno 2] No such file: ")


def test_a_broken_first_round_names_its_message(client: Client, host: Host) -> None:
    host.broken = RuntimeError("no store")
    with pytest.raises(FirstRoundError, match="SYSTEM_HOST: RuntimeError: no store"):
        client.first_round()


def test_a_clock_step_does_not_mute_the_host(
    client: Client, host: Host, monitord_reads: Read
) -> None:
    run(client, host, 61)
    host.wall_step = -3600
    run(client, host, 61)
    epochs = [monitord_reads(raw)[3] for raw in host.received]
    assert epochs == sorted(epochs)
    assert epochs[-1] > epochs[0] + 60


def test_sigusr1_asks_for_the_system(client: Client, host: Host, monitord_reads: Read) -> None:
    client.ask_system()
    client.turn()
    assert kinds(host, monitord_reads) == ["SYSTEM_HOST"]


def test_nothing_is_told_of_states_while_containers_are_brought_back(
    client: Client, host: Host, monitord_reads: Read, tmp_path: Path
) -> None:
    flag = tmp_path / FLAG
    flag.parent.mkdir(parents=True)
    flag.touch()
    host.up = {"one-7"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("im_probes.recovery.AT_MOST_S", float("inf"))
        assert "<STATE_VM></STATE_VM>" in client.first_round()
        run(client, host, 200)
        assert texts(host, monitord_reads, "STATE_VM") == []
        assert texts(host, monitord_reads, "BEACON_HOST")
    flag.unlink()
    host.up = {"one-7", "one-8"}
    run(client, host, 11)
    (full,) = texts(host, monitord_reads, "STATE_VM")
    assert full.startswith("SYNC_STATE=yes")
    assert 'ID="7"' in full and 'ID="8"' in full
