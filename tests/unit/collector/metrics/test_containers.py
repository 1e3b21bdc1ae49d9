"""The pure parts of the container groups: limits, states, working sets, interfaces."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import captures

from collector.clock import SystemClock
from collector.cycle import Collector, CollectorSettings
from collector.formats import FormatError
from collector.metrics import CONTAINER, cpu, io, memory, network, pids, pressure, state
from collector.metrics.network import columns


@pytest.mark.parametrize(
    ("text", "cores"), [(b"50000 100000\n", 0.5), (b"150000 50000\n", 3.0), (b"max 100000\n", None)]
)
def test_cpu_max(text: bytes, cores: float | None) -> None:
    (found,) = cpu.max_v2(text)
    assert found == cores or (cores is None and math.isnan(found))


@pytest.mark.parametrize(
    "text", [b"", b"max", b"50000 1000", b"5 0\n", b"-1 100000\n", b"50000\n", b"a b\n"]
)
def test_a_limit_that_is_none_of_the_kernels(text: bytes) -> None:
    with pytest.raises(FormatError):
        cpu.max_v2(text)


def test_a_quota_of_minus_one_is_no_limit() -> None:
    assert math.isnan(cpu.quota_v1(b"-1\n")[0])
    assert cpu.quota_v1(b"20000\n") == (20000.0,)
    with pytest.raises(FormatError):
        cpu.quota_v1(b"-2\n")


def test_throttling_of_both_versions() -> None:
    v1 = b"nr_periods 10\nnr_throttled 4\nthrottled_time 1500000000\nnr_bursts 0\n"
    assert cpu.periods_v1(v1) == (10.0, 4.0, 1.5)
    v2 = (captures.V2_LIMITED / "sys/fs/cgroup/lxc.payload.c7/cpu.stat").read_bytes()
    assert cpu.stat_v2(v2) == (26.643845, 6.76729, 19.876554, 1192.0, 1185.0, 91.488083)


def test_usage_of_v1_is_nanoseconds() -> None:
    assert cpu.usage_v1(b"1234567890\n") == (1.23456789,)


@given(st.floats(0, 1e15), st.floats(0, 1e15))
def test_a_working_set_is_never_negative_nor_more_than_usage(usage: float, cache: float) -> None:
    assert 0 <= memory.working_set(usage, cache) <= usage


def test_a_working_set_of_the_unknown_is_unknown() -> None:
    assert math.isnan(memory.working_set(math.nan, 1.0))
    assert math.isnan(memory.working_set(1.0, math.nan))


@pytest.mark.parametrize(
    ("text", "frozen"), [(b"THAWED\n", False), (b"FREEZING\n", False), (b"FROZEN\n", True)]
)
def test_freezer_of_v1(text: bytes, frozen: bool) -> None:
    assert state.freezer_v1(text) == ((0.0, 1.0, 0.0) if frozen else (1.0, 0.0, 0.0))


def test_freezer_of_v2() -> None:
    assert state.freezer_v2(b"populated 1\nfrozen 1\n") == (0.0, 1.0, 0.0)
    assert state.freezer_v2(b"populated 1\nfrozen 0\n") == (1.0, 0.0, 0.0)
    assert state.freezer_v2(b"populated 1\n") == (1.0, 0.0, 0.0)


def test_eight_columns_per_interface_in_the_order_of_the_file() -> None:
    found = columns((b"eth0", b"\xff"))
    assert [column.metric for column in found[:8]] == [metric.name for metric in network.METRICS]
    assert found[0].labels == (("device", "eth0"),)
    assert found[8].labels == (("device", "\N{REPLACEMENT CHARACTER}"),)


def test_what_is_defined_is_told_of_a_real_container() -> None:
    settings = CollectorSettings("h", captures.V2_LIMITED, captures.V2_LIMITED / "ds")
    collector = Collector(settings, SystemClock())
    (row,) = [row for row in collector.read().rows if row.entity.name == "c7"]
    collector.settle(60)
    collector.close()
    told = {column.metric for column in row.columns}
    for group in (cpu, io, memory, network, pids, pressure, state):
        assert {metric.name for metric in group.GROUP.metrics} <= told
        assert CONTAINER[group.GROUP.name] is group.GROUP
