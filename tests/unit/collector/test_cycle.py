"""Whole cycles over recorded machines of every layout, and over ones that go bad."""

import math
import os
from pathlib import Path

import pytest
from support import captures
from support.cycles import Make, SteppedClock, told

from collector.container import Container
from collector.cycle import Collector, CollectorSettings
from collector.group import Gone
from collector.inventory import Found
from collector.model import Point, samples
from collector.opening import Opener
from collector.rates import rate
from collector.reading import readings


def test_a_limited_container_of_a_v2_host(collector: Make) -> None:
    found = told(collector(captures.V2_LIMITED).read(), "c7")
    expected = {
        "lxc_state{running}": 1,
        "lxc_state{frozen}": 0,
        "lxc_info{v2}": 1,
        "lxc_cpu_usage_seconds_total": 26.643845,
        "lxc_cpu_seconds_total{user}": 6.76729,
        "lxc_cpu_seconds_total{system}": 19.876554,
        "lxc_cpu_periods_total": 1192,
        "lxc_cpu_throttled_periods_total": 1185,
        "lxc_cpu_throttled_seconds_total": 91.488083,
        "lxc_cpu_limit_cores": 0.2,
        "lxc_memory_limit_bytes": 67108864,
        "lxc_memory_oom_kills_total": 1,
        "lxc_pids_limit": 200,
    }
    assert {key: found[key] for key in expected} == expected
    assert found["lxc_pressure_memory_waiting_seconds_total"] > 0


def test_a_frozen_container_of_a_v2_host_is_frozen(collector: Make) -> None:
    found = told(collector(captures.V2_LIMITED).read(), "c8")
    assert (found["lxc_state{running}"], found["lxc_state{frozen}"]) == (0, 1)


def test_without_limits_there_are_none(collector: Make) -> None:
    found = told(collector(captures.V2).read(), "c8")
    for metric in ("cpu_limit_cores", "memory_limit_bytes", "pids_limit", "cpu_periods_total"):
        assert f"lxc_{metric}" not in found
    assert found["lxc_memory_usage_bytes"] - found["lxc_memory_working_set_bytes"] == 23252992
    assert found["lxc_memory_rss_bytes"] == 266240


@pytest.mark.parametrize(
    ("name", "device", "read", "written"),
    [
        ("c8", "dm-5", 23374848, 23085056),
        ("c9", "rbd0", None, None),
    ],
)
def test_io_is_that_of_the_topmost_device_alone(
    collector: Make, name: str, device: str, read: int | None, written: int | None
) -> None:
    """The thin LV's write is on four devices in io.stat; vda holds what is bound from the host."""
    found = told(collector(captures.V2).read(), name)
    devices = {key.partition("{")[2][:-1] for key in found if "disk_written_bytes" in key}
    assert devices == {device, "vda"}
    if read is not None:
        assert found[f"lxc_disk_read_bytes_total{{{device}}}"] == read
        assert found[f"lxc_disk_written_bytes_total{{{device}}}"] == written


def test_every_layout_of_one_machine_tells_the_same(collector: Make, tmp_path: Path) -> None:
    (tmp_path / "split").mkdir()
    (tmp_path / "joint").mkdir()
    hybrid = told(collector(captures.HYBRID).read(), "nxhd1")
    split = told(collector(captures.split(tmp_path / "split")).read(), "nxhd1")
    joint = told(collector(captures.joint(tmp_path / "joint")).read(), "nxhd1")
    assert hybrid.keys() - {key for key in hybrid if "pressure" in key} - {"lxc_info{hybrid}"} == (
        split.keys() - {"lxc_info{v1}"}
    )
    assert {k: v for k, v in split.items() if "filesystem" not in k} == {
        k: v for k, v in joint.items() if "filesystem" not in k
    }
    # Read one after another while the machine was recorded.
    usage = "lxc_cpu_usage_seconds_total"
    assert split[usage] == pytest.approx(hybrid[usage], rel=0.05)
    for key in ("lxc_memory_usage_bytes", "lxc_pids", "lxc_network_receive_bytes_total{eth0}"):
        assert split[key] == hybrid[key]


def test_the_layout_stays_the_same_object(collector: Make, clock: SteppedClock) -> None:
    one = collector(captures.HYBRID)
    first, second = one.read(), one.read()
    assert all(a.columns is b.columns for a, b in zip(first.rows[2:], second.rows[2:], strict=True))
    containers = [row for row in first.rows if row.entity.kind == "container"]
    assert all(
        row.generation == again.generation
        for row, again in zip(first.rows, second.rows, strict=True)
    )
    assert len({row.generation for row in containers}) == 2


@pytest.mark.parametrize(
    ("path", "content", "lost", "error"),
    [
        ("memory/lxc.payload.nxhd1/memory.stat", "total_cache 12", "lxc_memory_", "memory"),
        ("memory/lxc.payload.nxhd1/memory.usage_in_bytes", "", "lxc_memory_", "memory"),
        ("pids/lxc.payload.nxhd1/pids.current", "garbage\n", "lxc_pids", "pids"),
        ("unified/lxc.payload.nxhd1/cpu.pressure", "some total\n", "lxc_pressure_", "pressure"),
        ("unified/lxc.payload.nxhd1/cpu.stat", "usage_usec -5\n", "lxc_cpu_usage", "cpu"),
        ("freezer/lxc.payload.nxhd1/freezer.state", "MELTED\n", "lxc_state", "state"),
        (
            "blkio/lxc.payload.nxhd2/blkio.throttle.io_serviced_recursive",
            "7:0 Read\n",
            "lxc_disk_read",
            "io",
        ),
    ],
)
def test_a_bad_file_costs_its_group_in_that_cycle_alone(
    collector: Make, tmp_path: Path, path: str, content: str, lost: str, error: str
) -> None:
    root = captures.copied(captures.HYBRID, tmp_path)
    one = collector(root)
    name, other = ("nxhd1", "nxhd2") if "nxhd1" in path else ("nxhd2", "nxhd1")
    good = told(one.read(), name)
    bad_file = root / "sys/fs/cgroup" / path
    before = bad_file.read_text()
    bad_file.write_text(content)
    cycle = one.read()
    bad = told(cycle, name)
    assert one.stats.errors == {error: 1}
    assert str(bad_file) in one.stats.last_error[error]
    assert any(key.startswith(lost) for key in good)
    assert not any(key.startswith(lost) for key in bad)
    assert any(key.startswith(lost) for key in told(cycle, other)) or error == "io"
    # The row keeps its columns: what was not read is missing, not another layout.
    (row,) = [row for row in cycle.rows if row.entity.name == name]
    assert sum(map(math.isnan, row.values)) > 0
    bad_file.write_text(before)
    assert told(one.read(), name).keys() == good.keys()


def test_a_device_that_v1_does_not_count_is_unknown_not_idle(collector: Make) -> None:
    """Linux 6.18: of nxhd2's loops, both new when it was recorded, one once had a limit."""
    counted = "sys/fs/cgroup/blkio/lxc.payload.nxhd2/blkio.throttle.io_service_bytes_recursive"
    lines = [line.split() for line in (captures.HYBRID / counted).read_text("ascii").splitlines()]
    (read,) = [int(line[2]) for line in lines if line[:2] == ["7:72", "Read"]]
    assert not [line for line in lines if line[0] == "7:73"]
    one = collector(captures.HYBRID)
    found = {
        dict(sample.labels)["device"]: sample.value
        for sample in samples(one.read())
        if sample.metric == "lxc_disk_read_bytes_total" and ("container", "nxhd2") in sample.labels
    }
    assert found["loop72"] == read > 0
    assert "loop73" not in found


def test_bytes_follow_the_operations_and_once_per_round_whatever_these_say(
    collector: Make, tmp_path: Path, clock: SteppedClock
) -> None:
    root = captures.copied(captures.HYBRID, tmp_path)
    blkio = root / "sys/fs/cgroup/blkio/lxc.payload.nxhd2"
    transferred = blkio / "blkio.throttle.io_service_bytes_recursive"
    served = blkio / "blkio.throttle.io_serviced_recursive"
    one = collector(root)

    def read() -> float:
        found = told(one.read(), "nxhd2")
        return next(v for key, v in found.items() if key.startswith("lxc_disk_read_bytes"))

    before = read()
    captures.edit(transferred, f" Read {before:.0f}\n", " Read 123\n")
    assert read() == before
    captures.edit(served, " Read [0-9]+\n", " Read 9999\n")
    assert read() == 123
    captures.edit(transferred, " Read 123\n", " Read 124\n")
    clock.step(11)
    assert read() == 124


def test_missing_files_leave_the_rest(collector: Make, tmp_path: Path) -> None:
    root = captures.copied(captures.HYBRID, tmp_path)
    (root / "sys/fs/cgroup/memory/lxc.payload.nxhd1/memory.stat").unlink()
    (root / "sys/fs/cgroup/pids/lxc.payload.nxhd1/pids.max").unlink()
    one = collector(root)
    found = told(one.read(), "nxhd1")
    assert "lxc_pids" in found
    assert not any(key.startswith("lxc_memory") for key in found)
    assert one.stats.errors == {"memory": 1}


def test_a_group_that_could_not_be_opened_is_opened_later(
    collector: Make, tmp_path: Path, clock: SteppedClock
) -> None:
    root = captures.copied(captures.HYBRID, tmp_path)
    path = root / "sys/fs/cgroup/memory/lxc.payload.nxhd1/memory.oom_control"
    text = path.read_text()
    path.unlink()
    one = collector(root)
    assert "lxc_memory_usage_bytes" not in told(one.read(), "nxhd1")
    path.write_text(text)
    clock.step(11)
    assert "lxc_memory_usage_bytes" in told(one.read(), "nxhd1")


def test_a_changed_limit_shows_within_the_bound(
    collector: Make, tmp_path: Path, clock: SteppedClock
) -> None:
    root = captures.copied(captures.V2_LIMITED, tmp_path)
    one = collector(root, slow_s=10.0)
    assert told(one.read(), "c7")["lxc_cpu_limit_cores"] == 0.2
    (root / "sys/fs/cgroup/lxc.payload.c7/cpu.max").write_text("max 100000\n")
    (root / "sys/fs/cgroup/lxc.payload.c7/pids.max").write_text("300\n")
    clock.step(10.01)
    found = told(one.read(), "c7")
    assert "lxc_cpu_limit_cores" not in found
    assert "lxc_cpu_throttled_seconds_total" not in found
    assert found["lxc_pids_limit"] == 300


def test_a_machine_without_containers_or_cgroups(collector: Make, tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/mounts").write_text("")
    cycle = collector(tmp_path).read()
    assert [row.entity.kind for row in cycle.rows] == ["host", "self"]


def test_a_defect_in_the_hosts_groups_leaves_the_containers(
    collector: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = collector(captures.HYBRID)

    def ended() -> None:
        raise Gone("a disk that was pulled")

    monkeypatch.setattr(one._host, "read", ended)
    cycle = one.read()
    assert [row.entity.kind for row in cycle.rows] == ["self", "container", "container"]
    assert one.stats.errors == {"cycle": 1}


def test_a_failure_that_stays_is_logged_once(
    collector: Make, tmp_path: Path, clock: SteppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    root = captures.copied(captures.HYBRID, tmp_path)
    (root / "sys/fs/cgroup/memory/lxc.payload.nxhd1/memory.stat").unlink()
    clock.step(2 * 3600)  # of a machine that was not booted in this hour
    one = collector(root)
    for _ in range(3):
        one.read()
        clock.step(5)
    assert one.stats.errors["memory"] > 1
    assert len([line for line in caplog.messages if line.startswith("memory: ")]) == 1


def test_rates_of_two_cycles_are_those_of_the_files(
    collector: Make, tmp_path: Path, clock: SteppedClock
) -> None:

    root = captures.copied(captures.V2, tmp_path)
    one = collector(root)
    points = []
    for usage in ("3000000", "5500000", "100"):
        stat = root / "sys/fs/cgroup/lxc.payload.c8/cpu.stat"
        captures.edit(stat, r"usage_usec \d+", f"usage_usec {usage}")
        cycle = one.read()
        (row,) = [row for row in cycle.rows if row.entity.name == "c8"]
        value = told(cycle, "c8")["lxc_cpu_usage_seconds_total"]
        stamp = cycle.stamp
        points.append(Point(stamp.wall_ms, stamp.mono_ns, row.generation, value, value, value))
        clock.step(5)
        clock.wall_ms -= 3_600_000  # the wall clock is set back by an hour each time
    assert rate(points[0], points[1]) == pytest.approx(0.5)
    assert rate(points[1], points[2]) is None


def test_opening_what_is_new_does_not_count_as_time_between_readings(
    collector: Make, tmp_path: Path, clock: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = captures.copied(captures.V2, tmp_path)
    stat = root / "sys/fs/cgroup/lxc.payload.c8/cpu.stat"
    opened = Opener.open

    def slowly(opener: Opener, found: Found) -> Container:
        clock.step(0.2)
        return opened(opener, found)

    monkeypatch.setattr(Opener, "open", slowly)
    one = collector(root)
    captures.edit(stat, r"usage_usec \d+", "usage_usec 3000000")
    before = one.read()
    clock.step(0.5)
    captures.edit(stat, r"usage_usec \d+", "usage_usec 3500000")
    reading = readings(one.read(), before)["container", "c8"]
    assert reading.rate("lxc_cpu_usage_seconds_total") == pytest.approx(1)


def test_closing_gives_every_descriptor_back(clock: SteppedClock) -> None:
    before = set(os.listdir("/proc/self/fd"))
    one = Collector(CollectorSettings("h", captures.V2, captures.V2 / "ds"), clock)
    one.read()
    one.settle(60)  # the threads' descriptors are not the collector's
    one.close()
    assert set(os.listdir("/proc/self/fd")) == before
