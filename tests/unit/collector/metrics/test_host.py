"""The groups of the host on captured trees, with figures read off the captured files by hand."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.devices import Devices
from collector.formats import FormatError
from collector.group import Group
from collector.machine import Machine
from collector.metrics import (
    host_cpu,
    host_disks,
    host_filesystems,
    host_memory,
    host_network,
    host_pressure,
)
from collector.model import Labels

CAPTURES = Path(__file__).parents[3] / "captures"
V2, HYBRID = CAPTURES / "debian12-6.1-lvm", CAPTURES / "debian12-6.18-hybrid"

Found = dict[tuple[str, Labels], float]


@pytest.fixture(params=[V2, HYBRID], ids=["v2", "hybrid"])
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    devices = Devices(request.param, Path("/nowhere"))
    yield Machine(request.param, devices)
    devices.settle(60)
    devices.close()


def read(group: Group[Machine], machine: Machine) -> Found:
    source = group.open(machine)
    assert source is not None
    columns, values = source.read()
    assert source.read()[0] is columns
    source.close()
    return {(c.metric, c.labels): v for c, v in zip(columns, values, strict=True)}


def test_cpu_time_is_by_mode_and_sums_to_what_the_kernel_counted(machine: Machine) -> None:
    found = read(host_cpu.GROUP, machine)
    ticks = [int(word) for word in (machine.root / "proc/stat").read_text().split()[1:9]]
    seconds = [value for (metric, _), value in found.items() if metric.endswith("seconds_total")]
    assert seconds == [tick / 100 for tick in ticks]
    assert found["lxc_host_cpus", ()] == 2
    load = (machine.root / "proc/loadavg").read_text().split()
    assert found["lxc_host_load15", ()] == float(load[2])


def test_memory_is_what_is_available_in_bytes(machine: Machine) -> None:
    found = read(host_memory.GROUP, machine)
    lines = (machine.root / "proc/meminfo").read_text().splitlines()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    assert found["lxc_host_memory_available_bytes", ()] == kib["MemAvailable"] * 1024
    assert found["lxc_host_memory_total_bytes", ()] == kib["MemTotal"] * 1024
    assert found["lxc_host_swap_total_bytes", ()] == kib["SwapTotal"] * 1024


def test_pressure_is_in_seconds(machine: Machine) -> None:
    found = read(host_pressure.GROUP, machine)
    some = (machine.root / "proc/pressure/io").read_text().splitlines()[0]
    total = int(some.rpartition("total=")[2]) / 1e6
    assert math.isclose(found["lxc_host_pressure_io_waiting_seconds_total", ()], total)
    assert len(found) == 6


def test_no_pressure_in_the_kernel_is_no_group(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    devices = Devices(tmp_path, tmp_path)
    assert host_pressure.GROUP.open(Machine(tmp_path, devices)) is None
    devices.close()


@pytest.fixture
def hybrid() -> Iterator[Machine]:
    devices = Devices(HYBRID, Path("/nowhere"))
    yield Machine(HYBRID, devices)
    devices.settle(60)
    devices.close()


def test_one_disk_and_one_nic_are_counted_of_many(hybrid: Machine) -> None:
    disks, nics = read(host_disks.GROUP, hybrid), read(host_network.GROUP, hybrid)
    assert {labels for _, labels in disks} == {(("device", "vda"),)}
    assert {labels for _, labels in nics} == {(("device", "eth0"),)}
    received = int((HYBRID / "sys/class/net/eth0/statistics/rx_bytes").read_text())
    assert nics["lxc_host_network_receive_bytes_total", (("device", "eth0"),)] == received
    words = (HYBRID / "sys/block/vda/stat").read_text().split()
    written = disks["lxc_host_disk_written_bytes_total", (("device", "vda"),)]
    assert written == int(words[6]) * 512


def test_the_hosts_file_systems_are_told_once_and_without_loops(hybrid: Machine) -> None:
    found = read(host_filesystems.GROUP, hybrid)
    assert {labels for _, labels in found} == {(("device", "vda"), ("mountpoint", "/"))}


@pytest.mark.parametrize("bad", [b"", b"cpu0 1 2\n", b"cpu  1 2 3\n", b"cpu  1 2 3 x 5 6 7 8\n"])
def test_a_stat_of_another_shape_is_an_error(bad: bytes) -> None:
    with pytest.raises(FormatError):
        host_cpu.cpu_seconds(bad)


def test_loads_and_memory_of_another_shape_are_errors() -> None:
    with pytest.raises(FormatError):
        host_cpu.loads(b"0.1 0.2\n")
    with pytest.raises(FormatError):
        host_memory.memory(b"MemTotal:  12 MB\n")
    assert math.isnan(host_memory.memory(b"MemTotal: 1 kB\n")[1])
