"""Each figure against what is known of it independently, on pure cgroup v2.

Bounds are wide where an emulated processor makes the workload, not the figure, uncertain.
"""

import os
import socket
import time
from pathlib import Path

import pytest
from boxes.box import Box, Make
from boxes.reading import Read, grown
from boxes.shell import until
from boxes.truth import Record

pytestmark = pytest.mark.guest

MIB = 1 << 20
TICK = 1 / os.sysconf("SC_CLK_TCK")
HOLD = "dd if=/dev/zero bs={mib}M count=1 2>/dev/null | sleep 600"
"""A process that has `mib` MiB of its own: dd fills its buffer and waits for a reader."""


def own_time(pid: int) -> float:
    """CPU seconds of a process by its own account."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


def loop_in(box: Box) -> int:
    """A busy loop started in the container by lxc-attach; its pid on the host."""
    box.spawn("while :; do :; done")
    return box.process("while :")


def test_cpu_of_a_process_that_was_attached(make: Make, read: Read, record: Record) -> None:
    box = make("one-1")
    loop = loop_in(box)
    assert loop not in [int(pid) for pid in box.file("cgroup.procs").split()], (
        "lxc-attach puts processes in a cgroup below: this test is about those"
    )
    before, began = read(), own_time(loop)
    time.sleep(8)
    ended, after = own_time(loop), read()
    metric = "lxc_cpu_usage_seconds_total"
    told = grown(metric, before, after, container="one-1")
    record("CPU time of a loop", "s", ended - began, told)
    assert told == pytest.approx(ended - began, rel=0.05, abs=0.2)


def test_cpu_limit_and_throttling(make: Make, read: Read, record: Record) -> None:
    box = make("one-1")
    assert read().get("lxc_cpu_limit_cores", container="one-1") is None
    box.limit("cpu.max", "20000 100000")
    loop_in(box)
    before, began = read(), time.monotonic()
    time.sleep(8)
    after, ended = read(), time.monotonic()
    assert after.value("lxc_cpu_limit_cores", container="one-1") == pytest.approx(0.2)
    metric = "lxc_cpu_usage_seconds_total"
    told = grown(metric, before, after, container="one-1")
    record("CPU time at a limit of 0.2", "s", 0.2 * (ended - began), told)
    assert told <= 0.2 * (ended - began) + 0.2
    metric = "lxc_cpu_throttled_periods_total"
    throttled = grown(metric, before, after, container="one-1")
    assert throttled > 10


def test_memory_and_page_cache_apart(make: Make, read: Read, record: Record) -> None:
    box = make("one-1")
    before = read()
    box.spawn(HOLD.format(mib=64))
    rss = "lxc_memory_rss_bytes"
    until(lambda: read().value(rss, container="one-1") > 60 * MIB)
    held = read()
    box.run("dd if=/dev/zero of=/big bs=1M count=100 2>/dev/null; sync")
    after = read()

    told = grown("lxc_memory_working_set_bytes", before, held, container="one-1")
    record("64 MiB held: working set", "MiB", 64, told / MIB)
    assert told == pytest.approx(64 * MIB, abs=6 * MIB)
    cached = grown("lxc_memory_cache_bytes", held, after, container="one-1")
    record("100 MiB file written: cache", "MiB", 100, cached / MIB)
    assert cached == pytest.approx(100 * MIB, abs=6 * MIB)
    grew = grown("lxc_memory_working_set_bytes", held, after, container="one-1")
    record("100 MiB file written: working set", "MiB", 0, grew / MIB)
    assert grew < 12 * MIB


def test_oom_kills_are_counted_and_init_lives(make: Make, read: Read, record: Record) -> None:
    box = make("one-1")
    init = box.init_pid
    box.limit("memory.max", str(48 * MIB))
    before = read()
    assert before.value("lxc_memory_limit_bytes", container="one-1") == 48 * MIB
    for _ in range(2):
        box.run("dd if=/dev/zero of=/dev/null bs=100M count=1", check=False)
    after = read()
    metric = "lxc_memory_oom_kills_total"
    told = grown(metric, before, after, container="one-1")
    record("OOM kills", "", 2, told)
    assert told == 2
    assert box.init_pid == init


def test_swap_apart_from_memory(swap: None, make: Make, read: Read, record: Record) -> None:
    box = make("one-1")
    assert read().get("lxc_memory_swap_bytes", container="one-1") == 0
    box.limit("memory.max", str(48 * MIB))
    box.limit("memory.swap.max", str(200 * MIB))
    box.spawn(HOLD.format(mib=100))
    metric = "lxc_memory_swap_bytes"
    until(lambda: read().value(metric, container="one-1") > 50 * MIB)
    time.sleep(1)
    now = read()
    swapped = now.value(metric, container="one-1")
    charged = now.value("lxc_memory_usage_bytes", container="one-1")
    record("100 MiB held at a limit of 48: memory and swap", "MiB", 102, (swapped + charged) / MIB)
    assert charged <= 48 * MIB
    # what was swapped in again may be kept in both places
    assert 100 * MIB <= swapped + charged <= 120 * MIB
    assert now.value(metric, container="one-1") == int(box.file("memory.swap.current"))


def test_pids(make: Make, read: Read, record: Record) -> None:
    box = make("one-1")
    before = box.settled()
    box.limit("pids.max", "100")
    # `sleep` five times, the shell that waits for them, and lxc-attach's own process outside
    box.spawn("for i in 1 2 3 4 5; do sleep 600 & done; wait")
    until(lambda: read().value("lxc_pids", container="one-1") >= before + 6)
    now = read()
    record("processes started", "", 6, now.value("lxc_pids", container="one-1") - before)
    assert now.value("lxc_pids", container="one-1") == before + 6 == len(box.processes())
    assert now.value("lxc_pids_limit", container="one-1") == 100


def test_frozen_is_a_state_of_its_own(make: Make, read: Read) -> None:
    box = make("one-1")
    assert read().value("lxc_state", container="one-1", state="running") == 1
    box.limit("cgroup.freeze", "1")
    until(lambda: "frozen 1" in box.file("cgroup.events"))
    now = read()
    assert now.value("lxc_state", container="one-1", state="frozen") == 1
    assert now.value("lxc_state", container="one-1", state="running") == 0
    assert now.value("lxc_memory_usage_bytes", container="one-1") > 0
    box.limit("cgroup.freeze", "0")
    until(lambda: read().value("lxc_state", container="one-1", state="running") == 1)


def test_cpu_pressure(make: Make, read: Read) -> None:
    box = make("one-1")
    box.limit("cpuset.cpus", "0")
    before = read()
    for _ in range(3):
        box.spawn("while :; do :; done")
    time.sleep(6)
    after = read()
    metric = "lxc_pressure_cpu_waiting_seconds_total"
    told = grown(metric, before, after, container="one-1")
    assert 2 < told < 30


def test_memory_pressure(swap: None, make: Make, read: Read) -> None:
    box = make("one-1")
    before = read()
    box.limit("memory.high", str(32 * MIB))
    box.spawn("while :; do dd if=/dev/zero of=/dev/null bs=60M count=1 2>/dev/null; done")
    metric = "lxc_pressure_memory_waiting_seconds_total"
    start = before.value(metric, container="one-1")
    until(lambda: read().value(metric, container="one-1") > start + 0.2)


def test_network_direction(make: Make, read: Read, record: Record) -> None:
    box = make("one-1")
    address = box.address()
    box.settled()
    before = read()
    count, size = 1500, 1000
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(count):
            try:
                sender.sendto(b"x" * size, (address, 9))
            except ConnectionRefusedError:
                sender.sendto(b"x" * size, (address, 9))
            time.sleep(0.0005)
    time.sleep(0.5)
    after = read()

    which = {"container": "one-1", "device": "eth0"}
    received = grown("lxc_network_receive_bytes_total", before, after, **which)
    transmitted = grown("lxc_network_transmit_bytes_total", before, after, **which)
    sent = count * (size + 42)  # with UDP, IP and Ethernet headers
    record("UDP sent to it: received", "kB", sent / 1000, received / 1000)
    assert received == pytest.approx(sent, rel=0.02)
    assert transmitted < sent / 4  # nothing but refusals, which the kernel limits


def test_a_restart_is_another_life(make: Make, read: Read) -> None:
    box = make("one-1")
    loop_in(box)
    time.sleep(3)
    before = read()
    box.stop()
    gone = read()
    assert gone.get("lxc_cpu_usage_seconds_total", container="one-1") is None
    assert gone.value("lxc_state", container="one-1", state="stopped") == 1
    box.start()
    after = read()
    assert after.generations["one-1"] != before.generations["one-1"]
    metric = "lxc_cpu_usage_seconds_total"
    assert after.value(metric, container="one-1") < before.value(metric, container="one-1") + 2
