"""What an idle container is not asked: what only its own tasks begin."""

import re
from functools import partial
from pathlib import Path

import pytest
from support import captures
from support.cycles import Make, told

from collector.files import Text
from collector.formats import FormatError, Values, number
from collector.idle import CpuTime, WhenRan
from collector.model import Column
from collector.pace import Pace
from collector.source import FileSource

COLUMNS = (Column("lxc_cpu"), Column("lxc_kills"))


def one(data: bytes) -> Values:
    return (number(data),)


class Idle:
    """A container's CPU time and another file of its, as a group reads them."""

    def __init__(self, directory: Path) -> None:
        self.cpu, self.kills, self.pace = directory / "cpu", directory / "kills", Pace()
        self.cpu.write_text("1\n")
        self.kills.write_text("0\n")
        self.source = FileSource(
            COLUMNS,
            partial(CpuTime, self.pace, self.cpu, one),
            partial(WhenRan, self.pace, self.kills, one),
        )
        for _ in range(2):
            self.source.read()  # the file's first news, and then none

    def told(self) -> float:
        return self.source.read()[1][1]


@pytest.fixture
def idle(tmp_path: Path) -> Idle:
    return Idle(tmp_path)


def test_a_container_that_did_not_run_is_not_asked(idle: Idle) -> None:
    idle.kills.write_text("7\n")
    assert idle.told() == 0
    idle.cpu.write_text("2\n")
    assert idle.told() == 7
    idle.source.close()


def test_what_goes_on_without_running_is_followed(idle: Idle) -> None:
    idle.cpu.write_text("2\n")
    for total in (1, 2, 3, 4):
        idle.kills.write_text(f"{total}\n")
        assert idle.told() == total
    idle.told()
    idle.kills.write_text("9\n")
    assert idle.told() == 4
    idle.source.close()


def test_each_round_asks_once(idle: Idle) -> None:
    idle.kills.write_text("7\n")
    idle.pace.round += 1
    assert idle.told() == 7
    idle.told()
    idle.kills.write_text("8\n")
    assert idle.told() == 7
    idle.source.close()


def test_what_failed_is_asked_again(idle: Idle) -> None:
    idle.cpu.write_text("2\n")
    idle.kills.write_text("x\n")
    for _ in range(2):
        with pytest.raises(FormatError, match=str(idle.kills)):
            idle.told()
    idle.kills.write_text("7\n")
    assert idle.told() == 7
    idle.source.close()


def test_whose_cpu_time_cannot_be_read_may_have_run(idle: Idle) -> None:
    idle.cpu.write_text("x\n")
    with pytest.raises(FormatError, match=str(idle.cpu)):
        idle.told()
    assert idle.pace.ran
    idle.source.close()


def test_whose_cpu_time_nobody_tells_is_always_asked(tmp_path: Path) -> None:
    (tmp_path / "kills").write_text("0\n")
    alone = WhenRan(Pace(), tmp_path / "kills", one)
    assert [alone.read() for _ in range(3)] == [(0.0,)] * 3
    (tmp_path / "kills").write_text("1\n")
    assert alone.read() == (1.0,)
    alone.close()
    assert isinstance(alone, Text)


KILLS, STALLED = "lxc_memory_oom_kills_total", "lxc_pressure_io_stalled_seconds_total"


@pytest.mark.parametrize(
    ("machine", "cpu", "file", "metric"),
    [
        (captures.HYBRID, "unified/lxc.payload.nxhd1", "memory/{}/memory.oom_control", KILLS),
        (captures.HYBRID, "unified/lxc.payload.nxhd1", "unified/{}/io.pressure", STALLED),
        (captures.V2_LIMITED, "lxc.payload.c7", "{}/memory.events", KILLS),
        (captures.V2_LIMITED, "lxc.payload.c7", "{}/io.pressure", STALLED),
    ],
)
def test_in_a_whole_cycle(
    collector: Make, tmp_path: Path, machine: Path, cpu: str, file: str, metric: str
) -> None:
    root = captures.copied(machine, tmp_path)
    cgroups, asked = root / "sys/fs/cgroup", collector(root)
    payload = Path(cpu).name
    name = payload.removeprefix("lxc.payload.")
    before = told(asked.read(), name)[metric]
    asked.read()
    grow(cgroups / file.format(payload), rb"(?<=oom_kill )\d+|(?<=total=)\d+")
    assert told(asked.read(), name)[metric] == before
    grow(cgroups / cpu / "cpu.stat", rb"(?<=usage_usec )\d+")
    assert told(asked.read(), name)[metric] > before


def grow(file: Path, number: bytes) -> None:
    """Add to each such number."""
    data = re.sub(number, lambda found: b"%d" % (int(found[0]) + 9), file.read_bytes())
    file.write_bytes(data)
