import stat
from pathlib import Path

import pytest

from vmm import attachments, attempt, lock
from vmm.attachments import Attachment
from vmm.errors import DriverError, NotFound
from vmm.lean.value import asdict, replace
from vmm.plan import CONTEXT, Plan, PlannedDisk
from vmm.state import ATTEMPT, DISKS, MONITOR, PLAN, State


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(str(tmp_path / "one-7"))
    made.create()
    return made


def _mode(path: str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


def test_modes(state: State) -> None:
    state.write(PLAN, {})
    assert _mode(state.directory) == 0o711
    assert _mode(state.rootfs) == 0o711
    assert _mode(state.path(PLAN)) == 0o600


def test_written_read_and_removed(state: State) -> None:
    assert not state.exists
    assert state.read(PLAN) is None
    with pytest.raises(NotFound, match="one-7 is not defined here"):
        state.require(PLAN)
    state.write(PLAN, {"a": [1]})
    assert state.exists
    assert state.require(PLAN) == {"a": [1]}
    state.sync()
    state.remove()
    state.remove()
    assert not state.present


def test_a_damaged_file_is_named(state: State) -> None:
    state.write_text(PLAN, "{")
    with pytest.raises(DriverError, match=r"plan\.json is damaged: .*; deploy the VM again"):
        state.read(PLAN)


def test_what_a_power_cut_tore_is_in_nobodys_way(state: State) -> None:
    state.write(MONITOR, {"pid": 1})
    for name in (PLAN, DISKS):
        state.write_text(name, '{"torn')
        assert state.readable(name) is None
    state.discard_torn()
    assert (state.read(PLAN), state.read(DISKS), state.read(MONITOR)) == (None, None, {"pid": 1})


def test_a_file_beside_the_containers_is_none_of_them(state: State) -> None:
    Path(state.base, "stray").touch()
    assert State(f"{state.base}/stray").read(PLAN) is None


def test_removing_never_goes_below_a_rootfs_with_content(state: State) -> None:
    """Were an image mounted there, its files would go."""
    kept = Path(state.rootfs) / "file"
    kept.touch()
    with pytest.raises(OSError, match="not empty"):
        state.remove()
    assert kept.exists()


def test_a_plan_survives_its_file(state: State) -> None:
    plan = Plan(
        "one-7",
        1000,
        1000,
        (
            PlannedDisk(0, "raw", "/ds/disk.0", "/"),
            PlannedDisk(1, "raw", "/ds/disk.1", "/media/one-disk.1", readonly=True),
            PlannedDisk(2, CONTEXT, "/ds/disk.2", "/context", readonly=True),
        ),
    )
    state.write(PLAN, plan.as_json())
    assert Plan.from_json(state.read(PLAN)) == plan
    assert plan.root.disk_id == 0
    assert {disk.disk_id for disk in plan.others} == {1, 2}


def test_a_disk_inside_of_another_is_mounted_after_it() -> None:
    """The other way round it would be hidden, and empty where it is looked for."""
    points = ("/data/more/most", "/", "/data/more", "/context", "/data")
    plan = Plan(
        "one-7", 0, 0, tuple(PlannedDisk(i, "raw", f"/{i}", at) for i, at in enumerate(points))
    )
    order = [disk.mount_point for disk in plan.others if disk.mount_point != "/context"]
    assert order == ["/data", "/data/more", "/data/more/most"]


def test_what_is_attached_survives_its_file(state: State) -> None:
    found = Attachment(0, "raw", "loop3", (7, 3), 12, "/ds/disk.0", (65024, 99), attempt.boot_id())
    attachments.save(state, [])
    attachments.record(state, found)
    assert attachments.load(state) == [found]
    assert attachments.recorded(state.base) == {("loop3", 12): (65024, 99)}
    attachments.record(state, replace(found, device="loop4", boot_id="another"))
    assert ("loop4", 12) not in attachments.recorded(state.base)
    entry = state.read(DISKS)[0]
    assert {key: entry[key] for key in ("disk_id", "device", "dev", "diskseq")} == {
        "disk_id": 0,
        "device": "loop3",
        "dev": [7, 3],
        "diskseq": 12,
    }


class TestAttempt:
    def test_a_start_goes_on_while_its_action_lives(self, state: State) -> None:
        begun = attempt.begin(state, 60)
        with lock.exclusive(state.lock, 1, "it"):
            attempt.check(state, begun.id)
        with pytest.raises(DriverError, match="the action that started one-7 died"):
            attempt.check(state, begun.id)

    def test_not_after_its_deadline_or_in_another_boot(self, state: State) -> None:
        with lock.exclusive(state.lock, 1, "it"):
            late = attempt.begin(state, -1)
            with pytest.raises(DriverError, match="took too long"):
                attempt.check(state, late.id)
            begun = attempt.begin(state, 60)
            state.write(ATTEMPT, asdict(replace(begun, boot_id="another")))
            with pytest.raises(DriverError, match="took too long"):
                attempt.check(state, begun.id)

    def test_not_when_given_up_or_replaced(self, state: State) -> None:
        begun = attempt.begin(state, 60)
        with lock.exclusive(state.lock, 1, "it"):
            with pytest.raises(DriverError, match="replaced by a later one"):
                attempt.check(state, "another")
            attempt.move(state, attempt.OVER)
            for token in (begun.id, ""):
                with pytest.raises(DriverError, match="given up"):
                    attempt.check(state, token, again=True)

    def test_a_reboot_long_after_the_start(self, state: State) -> None:
        begun = attempt.begin(state, -1)
        attempt.move(state, attempt.RUNNING)
        attempt.check(state, begun.id, again=True)

    def test_by_hand_only_while_no_action_is_in_flight(self, state: State) -> None:
        attempt.check(state, "")
        with lock.exclusive(state.lock, 1, "it"):
            with pytest.raises(DriverError, match="an action on one-7 is in flight"):
                attempt.check(state, "")
            attempt.check(state, "", again=True)

    def test_nothing_to_move_without_one(self, state: State) -> None:
        attempt.move(state, attempt.OVER)
        assert attempt.current(state) is None
