"""What known loads did in real containers against what is reported of them."""

import math
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support import limits
from support.busybox import VETH, Busybox, Container, until
from support.collecting import settled, values
from support.truth import Row as Comparison
from support.truth import Table

from collector.cycle import Collector
from collector.model import Cycle, Row
from collector.reading import readings

pytestmark = [pytest.mark.host, pytest.mark.guest]

MIB = 1 << 20
Start = Callable[..., Container]
LOAD = "/bin/load"


def one(cycle: Cycle, metric: str, container: Container) -> float:
    """The only value of `metric`; not a number where there is none."""
    found = values(cycle, metric, container.name)
    assert len(found) <= 1, found
    return next(iter(found.values()), math.nan)


def grown(before: Cycle, after: Cycle, metric: str, container: Container) -> float:
    return one(after, metric, container) - one(before, metric, container)


def wait_ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"


@dataclass
class Burnt:
    """What loops used (s) of how much wall time (s), and the cycles around just that."""

    used: float
    wall: float
    before: Cycle
    after: Cycle


def burn(container: Container, collector: Collector, seconds: int, loops: int) -> Burnt:
    """Busy loops, read before and after them: entering the container is not part of it."""
    collector.read()
    words = LOAD, "burn", str(seconds), str(loops)
    with container.attached(*words, stdin=subprocess.PIPE) as load:
        wait_ready(load)
        before = collector.read()
        assert load.stdin is not None
        assert load.stdout is not None
        load.stdin.write(b"\n")
        load.stdin.flush()
        used_us, wall_us = map(int, load.stdout.readline().split())
        after = collector.read()
    return Burnt(used_us / 1e6, wall_us / 1e6, before, after)


def test_cpu_of_a_busy_loop(start: Start, collector: Collector, truth: Table) -> None:
    container = start("busy")
    burnt = burn(container, collector, 3, 1)
    reported = grown(burnt.before, burnt.after, "lxc_cpu_usage_seconds_total", container)
    bound = 0.01 * burnt.used + 0.02
    truth.check("busy loop, 3 s", "s CPU", burnt.used, reported, bound)


def test_cpu_under_a_quota(start: Start, collector: Collector, truth: Table) -> None:
    container = start("quota", *limits.cpu(0.5))
    burnt = burn(container, collector, 4, 1)
    before, after, used, wall = burnt.before, burnt.after, burnt.used, burnt.wall
    reported = grown(before, after, "lxc_cpu_usage_seconds_total", container)
    truth.check("busy loop at 0.5 cores, 4 s", "s CPU", used, reported, 0.01 * used + 0.02)
    truth.check("the limit itself", "cores", 0.5, one(after, "lxc_cpu_limit_cores", container), 0)
    throttled = grown(before, after, "lxc_cpu_throttled_seconds_total", container)
    note = "did: wall time less CPU time, so also waiting for other programs"
    truth.check("stopped by the quota", "s", wall - used, throttled, 0.3 * wall, note)
    periods = grown(before, after, "lxc_cpu_throttled_periods_total", container)
    note = "did: CPU time by the quota of a period; while the machine stands still none is cut"
    truth.check("periods that were cut", "", used / 0.05, periods, 6, note)


def test_two_loops_stay_within_half_a_core(
    start: Start, collector: Collector, truth: Table
) -> None:
    container = start("half", *limits.cpu(0.5))
    burnt = burn(container, collector, 3, 2)
    reported = grown(burnt.before, burnt.after, "lxc_cpu_usage_seconds_total", container)
    bound = 0.01 * burnt.used + 0.02
    truth.check("two busy loops at 0.5 cores, 3 s", "s CPU", burnt.used, reported, bound)
    excess = max(0.0, reported / burnt.wall - 0.5)
    truth.check("  more than the limit", "cores", 0, excess, 0.03)


def test_page_cache_is_no_working_set(start: Start, collector: Collector, truth: Table) -> None:
    container = start("cache")
    try:
        before = collector.read()
        container.attach(LOAD, "write", "/root/cache", "200")
        after = collector.read()
    finally:
        container.attach("/bin/rm", "-f", "/root/cache")
    cached = grown(before, after, "lxc_memory_cache_bytes", container) / MIB
    truth.check("page cache of 200 MiB written", "MiB cache", 200, cached, 4)
    working = one(after, "lxc_memory_working_set_bytes", container) / MIB
    note = "bound: working set stays under 10 MiB"
    truth.check("working set with that cache", "MiB", 0, working, 10, note)


def test_touched_memory_is(start: Start, collector: Collector, truth: Table) -> None:
    container = start("anon")
    before = collector.read()
    with container.attached(LOAD, "anon", "64") as load:
        wait_ready(load)
        during = collector.read()
    for what, metric in (("working set", "working_set"), ("rss", "rss")):
        reported = grown(before, during, f"lxc_memory_{metric}_bytes", container) / MIB
        truth.check(f"64 MiB touched: {what}", "MiB", 64, reported, 3)


def nic(container: Container, cycle: Cycle, what: str) -> float:
    return values(cycle, f"lxc_network_{what}_total", container.name)[(("device", "eth0"),)]


def test_a_nic_is_told_from_inside(
    loaded: Busybox, start: Start, collector: Collector, truth: Table
) -> None:
    peer = f"{loaded.prefix[:12]}-t0"
    container = start("nic", *VETH, f"lxc.net.0.veth.pair = {peer}")
    # The end that was up first has a queue once a kernel worker saw the other: until then it loses
    # what is sent. IPv6 announces itself when a link comes up: let it, before and within the bound.
    state = Path(f"/sys/class/net/{peer}/operstate")
    until(lambda: state.read_text() == "up\n", f"{peer} to be up")
    time.sleep(2)
    count, size = 20_000, 1400
    cycles = [collector.read()]
    sent = int(container.attach(LOAD, "frames", "eth0", str(count), str(size)))
    cycles.append(collector.read())
    received = send_frames(peer, 15_000, 900)
    cycles.append(collector.read())

    def told(what: str, step: int) -> float:
        return nic(container, cycles[step + 1], what) - nic(container, cycles[step], what)

    noise = 5_000
    truth.check("frames sent from inside", "B sent", sent, told("transmit_bytes", 0), noise)
    truth.check("  meanwhile received", "B received", 0, told("receive_bytes", 0), noise)
    truth.check("  packets", "", count, told("transmit_packets", 0), 50)
    truth.check("frames sent to it", "B received", received, told("receive_bytes", 1), noise)
    truth.check("  meanwhile sent", "B sent", 0, told("transmit_bytes", 1), noise)
    truth.check("  packets", "", 15_000, told("receive_packets", 1), 50)


def send_frames(interface: str, count: int, size: int) -> int:
    """Frames out of a host's interface, of a type that nobody answers."""
    frame = bytes.fromhex("020000000001020000000002" + "88b5").ljust(size, b"x")
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind((interface, 0))
        return sum(out.send(frame) for _ in range(count))


def disk(cycle: Cycle, what: str, container: Container, device: str) -> float:
    found = values(cycle, f"lxc_disk_{what}_bytes_total", container.name)
    # Without a line of its own nothing was read or written yet.
    return next((v for labels, v in found.items() if ("device", device) in labels), 0.0)


def test_direct_disk_io(on_image: Any, collector: Collector, truth: Table) -> None:
    container, device = on_image.container, on_image.device
    limits.count_io(device)
    before = collector.read()
    amount = int(container.attach(LOAD, "direct", "/file", "64"))
    after = collector.read()
    for what in ("written", "read"):
        reported = disk(after, what, container, device) - disk(before, what, container, device)
        note = "metadata adds to it, and the load program is read from there too"
        truth.check(f"O_DIRECT on a loop: {what}", "B", amount, reported, 0.02 * amount, note)


def test_io_that_the_kernel_does_not_count_is_absent(
    on_image: Any, collector: Collector, truth: Table
) -> None:
    container, device = on_image.container, on_image.device
    amount = int(container.attach(LOAD, "direct", "/file", "8"))
    found = values(collector.read(), "lxc_disk_written_bytes_total", container.name)
    told = [v for labels, v in found.items() if ("device", device) in labels]
    # Either the truth (v2, and v1 of an older Linux) or nothing; never 0.
    reported = told[0] if told else math.nan
    note = "v1 counts a device only after its first limit: absent, not 0" if not told else ""
    assert not told or abs(reported - amount) < 0.05 * amount
    truth.rows.append(truth_row("O_DIRECT, no limit ever set", amount, reported, note))


def truth_row(what: str, did: float, told: float, note: str) -> Comparison:
    return Comparison(what, "B", did, told, None, note)


def test_buffered_disk_io(on_image: Any, collector: Collector, truth: Table) -> None:
    container, device = on_image.container, on_image.device
    limits.count_io(device)
    before = collector.read()
    container.attach("/bin/dd", "if=/dev/zero", "of=/buffered", "bs=1M", "count=32")
    subprocess.run(["sync", "--file-system", f"/proc/{container.pid}/root"], check=True)
    reported = 0.0
    for _ in range(20):
        after = collector.read()
        reported = disk(after, "written", container, device)
        reported -= disk(before, "written", container, device)
        time.sleep(0.1)
    is_v1 = limits.layout() != "v2"
    note = "v1 charges write-back to nobody" if is_v1 else ""
    bound = None if is_v1 else 0.05 * 32 * MIB
    truth.check("buffered writes, synced by the host", "B", 32 * MIB, reported, bound, note)


def test_a_file_takes_its_size(on_image: Any, collector: Collector, truth: Table) -> None:
    container = on_image.container
    before = settled(collector)
    container.attach(LOAD, "write", "/file", "48")
    assert collector.stats.devices is not None
    size, reported, deadline = 48 * MIB, 0.0, time.monotonic() + 120
    # What was asked while it was written tells a part of it.
    while reported < size and time.monotonic() < deadline:
        time.sleep(0.1)
        reported = grown(before, collector.read(), "lxc_filesystem_used_bytes", container)
    truth.check("file of 48 MiB", "B used", size, reported, 64 * 1024)


def test_tasks_are_counted(start: Start, collector: Collector, truth: Table) -> None:
    container = start("tasks", *limits.pids(100))
    with container.attached(LOAD, "tasks", "25") as load:
        wait_ready(load)
        during, deadline = collector.read(), time.monotonic() + 120
        # What init runs as it starts is a task too, for a moment.
        while one(during, "lxc_pids", container) > 27 and time.monotonic() < deadline:
            during = collector.read()
    reported = one(during, "lxc_pids", container) - 1  # init itself
    truth.check("a process with 25 children", "tasks", 26, reported, 0)
    truth.check("their limit", "tasks", 100, one(during, "lxc_pids_limit", container), 0)


def test_an_oom_kill_counts_once(start: Start, collector: Collector, truth: Table) -> None:
    container = start("oom", *limits.memory(48))
    before = collector.read()
    assert container.attach(LOAD, "oom", "100") == "9\n"
    after = collector.read()
    kills = grown(before, after, "lxc_memory_oom_kills_total", container)
    truth.check("one process over the limit", "kills", 1, kills, 0)
    limit = one(after, "lxc_memory_limit_bytes", container) / MIB
    truth.check("the limit itself", "MiB", 48, limit, 0)


def test_frozen_is_told_and_uses_nothing(start: Start, collector: Collector, truth: Table) -> None:
    container = start("frozen")
    with container.attached(LOAD, "burn", "60", "1"):
        # More than entering takes: it loops.
        until(lambda: one(collector.read(), "lxc_cpu_usage_seconds_total", container) > 1, "CPU")
        container.freeze()
        try:
            before = collector.read()
            time.sleep(1)
            after = collector.read()
        finally:
            container.unfreeze()
    state = values(after, "lxc_state", container.name)
    frozen = state[(("state", "frozen"),)]
    truth.check("frozen: state", "", 1, frozen - state[(("state", "running"),)], 0)
    used = grown(before, after, "lxc_cpu_usage_seconds_total", container)
    truth.check("frozen busy loop, 1 s", "s CPU", 0, used, 0)


def test_a_reboot_from_inside_starts_anew(start: Start, collector: Collector, truth: Table) -> None:
    container = start("reboot")
    cycles = [burn(container, collector, 3, 1).after]
    first = row(cycles[0], container)
    container.attach("/bin/busybox", "reboot", check=False)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        time.sleep(0.05)
        cycles.append(collector.read())
        now = row(cycles[-1], container)
        if now and first and now.generation not in (0, first.generation):
            break
    time.sleep(1)
    cycles.append(collector.read())
    assert first is not None
    negative = sum(rate < 0 for rate in all_rates(cycles, container))
    truth.check("reboot: rates below zero", "", 0, negative, 0)
    lives = {r.generation for r in (row(c, container) for c in cycles) if r and r.generation}
    truth.check("reboot: lives seen", "", 2, len(lives), 0)
    old = one(cycles[0], "lxc_cpu_usage_seconds_total", container)
    new = one(cycles[-1], "lxc_cpu_usage_seconds_total", container)
    assert new < old
    note = f"the life before had used {old:.1f} s"
    truth.check("reboot: CPU time of the new life", "s CPU", 0, new, old / 2, note)
    absurd = max(all_rates(apart(cycles, 1), container), default=0.0)
    truth.check("reboot: highest CPU rate", "cores", 0, absurd, 2.2, "bound: the machine's CPUs")


def row(cycle: Cycle, container: Container) -> Row | None:
    return next((r for r in cycle.rows if r.entity.name == container.name), None)


def apart(cycles: list[Cycle], seconds: float) -> list[Cycle]:
    """Those that are at least so far apart: a reading that waited for the processor is later than
    its cycle's time, which makes a rate over a moment anything."""
    kept = cycles[:1]
    for cycle in cycles[1:]:
        if cycle.stamp.mono_ns - kept[-1].stamp.mono_ns >= seconds * 1e9:
            kept.append(cycle)
    return kept


def all_rates(cycles: list[Cycle], container: Container) -> list[float]:
    """Every CPU rate that a reader of these cycles would show."""
    found = []
    for before, after in pairwise(cycles):
        reading = readings(after, before).get(("container", container.name))
        rate = reading.rate("lxc_cpu_usage_seconds_total") if reading else None
        found += [] if rate is None else [rate]
    return found
