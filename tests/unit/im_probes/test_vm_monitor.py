from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from collector.model import MISSING, Column, Entity, Row, Stamp
from collector.reading import Reading
from im_probes.probes.vm_monitor import SCALARS, render, template, unread

Parse = Callable[[str], Any]
STOCK = Path(__file__).parents[2] / "opennebula/im/stock-lxc-probe-outputs"
ETH0 = (("device", "eth0"),)
LOOP = (("device", "loop3"), ("disk_id", "0"))


def reading(
    now: dict[Column, float], before: dict[Column, float] | None = None, name: str = "one-7"
) -> Reading:
    entity = Entity("container", name, (("host", "h"),))
    earlier = None
    if before is not None:
        earlier = Row(entity, 1, tuple(before), list(before.values()))
    row = Row(entity, 1, tuple(now), list(now.values()))
    return Reading(row, Stamp(2_000, 2_000_000_000, "b"), earlier, Stamp(0, 0, "b"))


def test_opennebulas_own_attributes(oned_parses: Parse) -> None:
    cpu = Column("lxc_cpu_usage_seconds_total")
    now = {
        cpu: 11.0,
        Column("lxc_memory_working_set_bytes"): 65_536.0,
        Column("lxc_network_receive_bytes_total", ETH0): 100.0,
        Column("lxc_network_receive_bytes_total", (("device", "eth1"),)): 11.0,
        Column("lxc_network_transmit_bytes_total", ETH0): 222.0,
        Column("lxc_disk_read_bytes_total", LOOP): 4096.0,
    }
    found = oned_parses(
        template(reading(now, {cpu: 10.0}))
        + unread({(1,): 1, (0,): 3 << 20, (0, 2): 5 << 20}, ("192.0.2.1",))
    )
    assert dict(found[:5]) == {
        "CPU": "50.00",
        "MEMORY": "64",
        "NETRX": "111",
        "NETTX": "222",
        "DISKRDBYTES": "4096",
    }
    assert ("NEBULXC_NIC", {"DEVICE": "eth0", "RXBYTES": "100", "TXBYTES": "222"}) in found
    assert ("NEBULXC_DISK", {"DEVICE": "loop3", "DISK_ID": "0", "RDBYTES": "4096"}) in found
    assert [pairs for name, pairs in found if name == "DISK_SIZE"] == [
        {"ID": "0", "SIZE": "3"},
        {"ID": "1", "SIZE": "1"},
    ]
    assert ("SNAPSHOT_SIZE", {"ID": "2", "DISK_ID": "0", "SIZE": "5"}) in found
    assert found[-2:] == [("GUEST_IP", "192.0.2.1"), ("GUEST_IP_ADDRESSES", "192.0.2.1")]


def test_all_that_the_stock_probes_give(oned_parses: Parse) -> None:
    stock = set()
    for probe in ("vm.monitor.poll.rb.txt", "vm.monitor.monitor_ds_vm.rb.txt"):
        text = (STOCK / probe).read_text().split("# --- stdout\n")[1].split("# --- stderr")[0]
        for _, vm in oned_parses(text):
            stock |= {name for name, _ in oned_parses(b64decode(vm["MONITOR"]).decode())}
    assert stock >= {"CPU", "MEMORY", "NETRX", "NETTX"}
    names = ("receive", "transmit")
    now = {
        Column("lxc_cpu_usage_seconds_total"): 11.0,
        Column("lxc_memory_working_set_bytes"): 65_536.0,
        **{Column(f"lxc_network_{way}_bytes_total", ETH0): 1.0 for way in names},
    }
    ours = oned_parses(template(reading(now, now)) + unread({(0,): 1}, ()))
    assert stock <= {name for name, _ in ours}


def test_bandwidth_is_what_came_since_the_reading_before(oned_parses: Parse) -> None:
    received = Column("lxc_network_receive_bytes_total", ETH0)
    reads = Column("lxc_disk_reads_completed_total", LOOP)
    now, before = {received: 3000.0, reads: 7.0}, {received: 1000.0, reads: 6.0}
    found = dict(oned_parses(template(reading(now, before))))
    assert (found["NETRX_BW"], found["DISKRDIOPS_BW"]) == ("1000", "0.50")
    assert "NETTX_BW" not in found


def test_unknown_is_left_out_never_0() -> None:
    unread = {Column(f"lxc_{what}"): MISSING for what in ("pids", "memory_working_set_bytes")}
    assert template(reading(unread)) == ""
    assert template(reading({Column("lxc_cpu_usage_seconds_total"): 5.0})) == ""


def test_no_rate_across_a_restart() -> None:
    cpu = Column("lxc_cpu_usage_seconds_total")
    assert "CPU=" not in template(reading({cpu: 1.0}, {cpu: 90.0}))


def test_every_attribute_has_a_name_of_its_own() -> None:
    names = [name for name, _, _ in SCALARS]
    assert len(names) == len(set(names))


@given(st.text(min_size=1), st.text())
def test_any_name_survives(oned_parses: Parse, name: str, device: str) -> None:
    column = Column("lxc_network_receive_bytes_total", (("device", device),))
    line = render(-1, reading({column: 1.0}, name=name))
    ((_, vm),) = oned_parses(line)
    assert vm["ID"] == "-1"
    kinds = [name for name, _ in oned_parses(b64decode(vm["MONITOR"]).decode())]
    assert kinds == ["NETRX", "NEBULXC_NIC"]
