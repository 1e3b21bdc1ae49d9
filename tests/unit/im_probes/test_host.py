"""SYSTEM_HOST and MONITOR_HOST beside what OpenNebula's own probes said on a real host."""

from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.datastores import Capacity
from collector.identity import Identity
from collector.model import Column, Entity, Row, Stamp
from collector.numa import Core, HugePages, Node
from collector.pci import Device
from collector.reading import Reading
from im_probes.probes import host_monitor, host_system
from im_probes.probes.host_system import System, Wild

Parse = Callable[[str], Any]
STOCK = Path(__file__).parents[2] / "opennebula/im/stock-lxc-probe-outputs"
NODE = Node(0, 1000, 400, (0, 1), (HugePages(2048, 4, 1),), (Core(1, (1, 3)),))
GIB = 1 << 30


def host(seconds: float = 10.0) -> Reading:
    def row(busy: float, idle: float) -> Row:
        values = {
            Column("lxc_host_cpu_seconds_total", (("mode", "user"),)): busy,
            Column("lxc_host_cpu_seconds_total", (("mode", "idle"),)): idle,
            Column("lxc_host_cpu_seconds_total", (("mode", "iowait"),)): 0.0,
            Column("lxc_host_cpus"): 4.0,
            Column("lxc_host_memory_total_bytes"): 8.0 * GIB,
            Column("lxc_host_memory_available_bytes"): 6.0 * GIB,
            Column("lxc_host_network_receive_bytes_total", (("device", "eth0"),)): 5.0,
            Column("lxc_host_network_receive_bytes_total", (("device", "eth1"),)): 6.0,
            Column("lxc_host_network_transmit_bytes_total", (("device", "eth0"),)): 7.0,
        }
        return Row(Entity("host", "h", ()), 1, tuple(values), list(values.values()))

    after = Stamp(0, round(seconds * 1e9), "b")
    return Reading(row(25.0, 15.0), after, row(0.0, 0.0), Stamp(0, 0, "b"))


def system(**changes: Any) -> System:
    usual = {
        "identity": Identity("node1", "x86_64", 'CPU "X"', 2600, 2),
        "host": host(),
        "nodes": [NODE],
        "devices": [],
        "location": Capacity(1 << 20, 3 << 20, 2 << 20),
        "datastores": [(0, Capacity(1 << 20, 3 << 20, 2 << 20))],
        "wilds": [],
        "opennebula_version": "7.5.80",
        "nebulxc_version": "0.1.0",
        "agent": "ok",
        "errors": {},
    }
    return System(**{**usual, **changes})


def stock_names(parse: Parse, *probes: str) -> set[str]:
    """Attribute names, those of vectors with a dot, in the recorded output of these probes."""
    names = set()
    for probe in probes:
        text = (STOCK / probe).read_text().split("# --- stdout\n")[1].split("# --- stderr")[0]
        for name, value in parse(text):
            names |= {f"{name}.{key}" for key in value} if isinstance(value, dict) else {name}
    return names


def our_names(parsed: Any) -> set[str]:
    names = set()
    for name, value in parsed:
        names |= {f"{name}.{key}" for key in value} if isinstance(value, dict) else {name}
    return names


def test_system_host_has_all_that_the_stock_probes_give(oned_parses: Parse) -> None:
    probes = [
        f"host.system.{name}"
        for name in (
            "architecture.sh.txt",
            "cpu.sh.txt",
            "linux_host.rb.txt",
            "monitor_ds.rb.txt",
            "name.sh.txt",
            "numa_host.rb.txt",
            "version.sh.txt",
        )
    ]
    ours = our_names(oned_parses(host_system.render(system())))
    assert stock_names(oned_parses, *probes) <= ours
    assert {"NEBULXC_VERSION", "NEBULXC_AGENT"} <= ours


def test_monitor_host_has_all_that_the_stock_probes_give(oned_parses: Parse) -> None:
    probes = ("host.monitor.linux_usage.rb.txt", "host.monitor.numa_usage.rb.txt")
    ours = our_names(oned_parses(host_monitor.render(host(), [NODE])))
    assert stock_names(oned_parses, *probes) <= ours


def test_use_in_opennebulas_units(oned_parses: Parse) -> None:
    found = dict(oned_parses(host_monitor.render(host(), [NODE])))
    assert (found["USEDCPU"], found["FREECPU"]) == ("250", "150")
    assert (found["USEDMEMORY"], found["FREEMEMORY"]) == (str(2 << 20), str(6 << 20))
    assert (found["NETRX"], found["NETTX"]) == ("11", "7")
    assert found["MEMORY_NODE"] == {"NODE_ID": "0", "FREE": "400", "USED": "600"}


def test_no_more_is_used_than_there_is(oned_parses: Parse) -> None:
    found = dict(oned_parses(host_monitor.render(host(seconds=6.0), [])))
    assert (found["USEDCPU"], found["FREECPU"]) == ("400", "250")


def test_capacity_in_opennebulas_units(oned_parses: Parse) -> None:
    found = dict(oned_parses(host_system.render(system())))
    assert (found["TOTALCPU"], found["TOTALMEMORY"]) == ("400", str(8 << 20))
    assert found["DS"] == {"ID": "0", "USED_MB": "1", "TOTAL_MB": "3", "FREE_MB": "2"}
    assert found["CORE"] == {"NODE_ID": "0", "ID": "1", "CPUS": "1,3"}
    assert found["MODELNAME"] == 'CPU "X"'


def test_forecasts_stay_within_what_the_host_has(oned_parses: Parse) -> None:
    forecasts = {"USEDCPU_FORECAST": 450.0, "USEDMEMORY_FORECAST_FAR": -7.0, "NETRX_BW_FORECAST": 9}
    found = dict(oned_parses(host_monitor.render(host(), [], forecasts)))
    assert (found["USEDCPU_FORECAST"], found["FREECPU_FORECAST"]) == ("400.00", "0.00")
    assert found["USEDMEMORY_FORECAST_FAR"] == "0.00"
    assert found["FREEMEMORY_FORECAST_FAR"] == f"{8 << 20}.00"
    assert found["NETRX_BW_FORECAST"] == "9.00"
    assert not [name for name in found if name.endswith("_FAR") and "CPU" in name]


def test_how_far_off_forecasts_are_is_told_with_the_system(oned_parses: Parse) -> None:
    found = dict(oned_parses(host_system.render(system(errors={"USEDCPU_FORECAST": 12.345}))))
    assert found["NEBULXC_FORECAST"] == {"NAME": "USEDCPU_FORECAST", "ERROR": "12.35"}


def test_without_a_second_reading_there_is_no_cpu(oned_parses: Parse) -> None:
    once = Reading(host().row, host().stamp)
    found = dict(oned_parses(host_monitor.render(once, [])))
    assert "USEDCPU" not in found
    assert "USEDMEMORY" in found


def test_unknown_is_left_out(oned_parses: Parse) -> None:
    nothing = system(
        identity=Identity("n", "x86_64", None, None, 1),
        host=None,
        nodes=[],
        location=None,
        datastores=[],
        opennebula_version="",
        agent="down",
    )
    names = our_names(oned_parses(host_system.render(nothing)))
    assert names == {
        "HYPERVISOR",
        "HOSTNAME",
        "ARCH",
        "CGROUPS_VERSION",
        "NEBULXC_VERSION",
        "NEBULXC_AGENT",
    }


def test_a_pci_device_as_the_stock_probe_writes_it(oned_parses: Parse) -> None:
    device = Device("0000:3b:00.1", "10de", "20b5", "0302", None, "NVIDIA", 'GA100 "A100"', "3D")
    found = dict(oned_parses(host_system.render(system(devices=[device]))))
    assert found["PCI"] == {
        "TYPE": "10de:20b5:0302",
        "VENDOR": "10de",
        "VENDOR_NAME": "NVIDIA",
        "DEVICE": "20b5",
        "CLASS": "0302",
        "CLASS_NAME": "3D",
        "ADDRESS": "0000:3b:00:1",
        "SHORT_ADDRESS": "3b:00.1",
        "DOMAIN": "0000",
        "BUS": "3b",
        "SLOT": "00",
        "FUNCTION": "1",
        "NUMA_NODE": "-",
        "DEVICE_NAME": 'GA100 "A100"',
    }


@pytest.mark.parametrize("name", ["web", 'a "b"', "x]]>y", "é\n", "\\"])
def test_a_wild_container_can_be_imported(oned_parses: Parse, name: str) -> None:
    text = host_system.render(
        system(wilds=[Wild(name, 0.5, 512.0 * (1 << 20)), Wild("b", None, None)])
    )
    first, second = [vm for key, vm in oned_parses(text) if key == "VM"]
    assert first["ID"] == "-1"
    template = dict(oned_parses(b64decode(first["IMPORT_TEMPLATE"]).decode()))
    assert (template["CPU"], template["MEMORY"]) == ("0.50", "512")
    assert dict(oned_parses(b64decode(second["IMPORT_TEMPLATE"]).decode())) == {"NAME": "b"}
