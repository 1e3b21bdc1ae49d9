"""NICs of real containers: whose bytes, in which direction, under which name."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.busybox import VETH, Container, run, until
from support.collecting import values

from collector.cycle import Collector

pytestmark = pytest.mark.host

Start = Callable[..., Container]
RECEIVED, SENT = "lxc_network_receive_bytes_total", "lxc_network_transmit_bytes_total"


def one(collector: Collector, metric: str, container: Container, nic: str) -> float:
    return values(collector.read(), metric, container.name)[(("device", nic),)]


def nics(collector: Collector, container: Container) -> set[str]:
    return {labels[0][1] for labels in values(collector.read(), RECEIVED, container.name)}


def frames(nic: str, count: int, size: int, pid: int | None = None) -> None:
    """Send frames to nobody through `nic`, from the host or in the namespace of `pid`."""
    code = (
        "import socket; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
        f"s.bind(({nic!r}, 0))\n"
        f"for _ in range({count}):\n"
        f"    s.send(bytes.fromhex('02000000000102000000000288b5') + bytes({size - 14}))\n"
    )
    where = ["nsenter", "-t", str(pid), "-n"] if pid else []
    run(*where, sys.executable, "-I", "-c", code)


def own(name: str) -> str:
    """An interface's name that no other run has."""
    return f"nx{name}{os.getpid()}"


def test_one_way_traffic_is_on_the_side_the_container_sees(
    collector: Collector, lxc_container: Start
) -> None:
    pair = own("dir")
    container = lxc_container("one-way", *VETH, f"lxc.net.0.veth.pair = {pair}")
    run("ip", "link", "set", pair, "up")
    # Which end was up first has a queue once a kernel worker saw the other: it loses frames before.
    state = Path(f"/sys/class/net/{pair}/operstate")
    until(lambda: state.read_text() == "up\n", f"{pair} to be up")
    noise = 5_000

    def both() -> tuple[float, float]:
        return tuple(one(collector, metric, container, "eth0") for metric in (RECEIVED, SENT))

    received, sent = both()
    frames(pair, 100, 1000)
    after = both()
    assert 0 <= after[0] - received - 100_000 < noise
    assert after[1] - sent < noise

    frames("eth0", 300, 1000, container.pid)
    last = both()
    assert 0 <= last[1] - after[1] - 300_000 < noise
    assert last[0] - after[0] < noise


def test_a_renamed_nic_has_its_new_name(collector: Collector, lxc_container: Start) -> None:
    container = lxc_container("renames", *VETH)
    assert nics(collector, container) == {"eth0"}
    before = one(collector, RECEIVED, container, "eth0")
    container.attach("ip", "link", "set", "eth0", "down")
    container.attach("ip", "link", "set", "eth0", "name", "naïve.0")
    assert nics(collector, container) == {"naïve.0"}
    assert one(collector, RECEIVED, container, "naïve.0") >= before


def test_nics_that_come_and_go_while_it_runs(collector: Collector, lxc_container: Start) -> None:
    container = lxc_container("plugs", *VETH)
    assert nics(collector, container) == {"eth0"}
    hot = own("hot")
    run(
        *("ip", "link", "add", hot, "type", "veth"),
        *("peer", "name", "eth1", "netns", str(container.pid)),
    )
    assert nics(collector, container) == {"eth0", "eth1"}
    run("ip", "link", "del", hot)
    assert nics(collector, container) == {"eth0"}
    assert collector.stats.errors == {}


def test_other_kinds_of_nics(collector: Collector, lxc_container: Start) -> None:
    ends = own("pa"), own("pb")
    run("ip", "link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
    try:
        lines = (
            *("lxc.net.0.type = phys", f"lxc.net.0.link = {ends[0]}", "lxc.net.0.name = phys0"),
            *("lxc.net.1.type = macvlan", f"lxc.net.1.link = {ends[1]}", "lxc.net.1.name = mac0"),
        )
        container = lxc_container("kinds", *lines)
        assert nics(collector, container) == {"phys0", "mac0"}
        container.stop()
    finally:
        run("ip", "link", "del", ends[1])


def test_loopback_is_no_nic_and_interfaces_without_end_are_bounded(
    collector: Collector, lxc_container: Start
) -> None:
    container = lxc_container("many", *VETH)
    script = "".join(f"link add d{n} type veth peer name e{n}\n" for n in range(50))
    subprocess.run(
        ["nsenter", "-t", str(container.pid), "-n", "ip", "-batch", "-"],
        input=script.encode(),
        check=True,
        timeout=200,
    )
    found = nics(collector, container)
    assert "lo" not in found
    assert "eth0" in found
    assert len(found) == 64


def test_an_empty_namespace_has_no_series(collector: Collector, lxc_container: Start) -> None:
    container = lxc_container("alone")
    until(lambda: values(collector.read(), "lxc_pids", container.name), "the container")
    assert nics(collector, container) == set()
