from typing import Any

from collector.model import MISSING, Column, Cycle, Entity, Row
from collector.reading import readings
from control.terminal.lines import lines

RECEIVED = "lxc_network_receive_bytes_total"


def test_a_line_has_rates_between_two_cycles(clock: Any, cycle: Any) -> None:
    eth0, lo = Column(RECEIVED, (("device", "eth0"),)), Column(RECEIVED, (("device", "lo"),))
    before = cycle({"a": {"lxc_cpu_usage_seconds_total": 10, eth0: 1000, lo: 0}})
    clock.step(2)
    after = cycle({"a": {"lxc_cpu_usage_seconds_total": 11, eth0: 5000, lo: 9999}})
    (line,) = lines(readings(after, before))
    assert (line.cpu, line.received) == (0.5, 2000)


def test_what_was_not_read_is_unknown_and_not_zero(cycle: Any) -> None:
    (line,) = lines(readings(cycle({"a": {"lxc_memory_working_set_bytes": MISSING}}), None))
    assert (line.cpu, line.memory, line.memory_limit, line.received, line.state) == (None,) * 5


def test_state_and_vmid(cycle: Any) -> None:
    running, frozen = (Column("lxc_state", (("state", s),)) for s in ("running", "frozen"))
    made: Cycle = cycle({"one-7": {running: 0, frozen: 1, "lxc_start_time_seconds": 5}})
    entity = Entity("container", "one-7", (("vmid", "7"),))
    row = made.rows[0]
    made = Cycle(made.stamp, (Row(entity, 1, row.columns, row.values),))
    (line,) = lines(readings(made, None))
    assert (line.state, line.vmid, line.started_s) == ("frozen", "7", 5)


def test_only_containers_by_name(cycle: Any) -> None:
    made: Cycle = cycle({"b": {"lxc_pids": 1}, "a": {"lxc_pids": 1}})
    host = Row(Entity("host", "h", ()), 1, (), ())
    found = lines(readings(Cycle(made.stamp, (*made.rows, host)), None))
    assert [line.name for line in found] == ["a", "b"]
