"""What the collector says of itself."""

import math
import os
from collections.abc import Iterator
from typing import Any, cast

import pytest

from collector import metrics
from collector.devices import Devices
from collector.metrics import own
from collector.model import Labels
from collector.stats import Stats
from collector.store import StoreWriter

Found = dict[tuple[str, Labels], float]


class Full:
    """A store whose disk is full: two cycles wait, five are lost."""

    def size_bytes(self) -> int:
        return 4096

    def pending_cycles(self) -> int:
        return 2

    def lost_cycles(self) -> int:
        return 5


@pytest.fixture
def stats() -> Iterator[Stats]:
    made = Stats()
    made.devices = Devices()
    yield made
    made.devices.close()


def read(stats: Stats) -> Found:
    source = own.GROUP.open(stats)
    assert source is not None
    columns, values = source.read()
    assert source.read()[0] is columns
    source.close()
    return {(c.metric, c.labels): v for c, v in zip(columns, values, strict=True)}


def test_a_single_reading_has_no_store_and_no_duration(stats: Stats) -> None:
    found = read(stats)
    for name in ("cycle_duration_seconds", "store_size_bytes", "store_pending_cycles"):
        assert math.isnan(found[f"lxcmon_{name}", ()])
    assert found["lxcmon_stuck_threads", ()] == 0


def test_a_store_in_trouble_shows(stats: Stats) -> None:
    stats.store = cast(StoreWriter, Full())
    stats.duration_s = 0.25
    found = read(stats)
    assert found["lxcmon_store_size_bytes", ()] == 4096
    assert found["lxcmon_store_pending_cycles", ()] == 2
    assert found["lxcmon_store_lost_cycles_total", ()] == 5
    assert found["lxcmon_cycle_duration_seconds", ()] == 0.25


def test_every_group_has_a_counter_of_errors_from_the_start(stats: Stats) -> None:
    stats.failed("memory", OSError(5, "I/O error"))
    found = read(stats)
    errors = {dict(labels)["group"]: v for (name, labels), v in found.items() if "errors" in name}
    assert errors["memory"] == 1
    tables: list[dict[str, Any]] = [{**metrics.CONTAINER}, {**metrics.HOST}, {**metrics.SELF}]
    assert errors.keys() == {name for table in tables for name in table} | {"cycle"}
    assert sum(errors.values()) == 1


def test_descriptors_are_listed_where_the_kernel_does_not_tell_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "stat", lambda _: os.stat_result([0] * 10))
    assert own._open_fds() == len(os.listdir("/proc/self/fd")) - 1


def test_descriptors_memory_and_cpu_are_this_processes(stats: Stats) -> None:
    found = read(stats)
    assert found["lxcmon_open_fds", ()] == len(os.listdir("/proc/self/fd")) - 1
    assert 1 << 20 < found["lxcmon_resident_bytes", ()] < 1 << 32
    assert found["lxcmon_cpu_seconds_total", ()] > 0
