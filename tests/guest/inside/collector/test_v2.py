"""What only cgroup v2 tells, or tells differently. The known loads are in tests/host/truth.

Bounds are wide where an emulated processor makes the workload, not the figure, uncertain.
"""

import os
import time
from pathlib import Path

import pytest
from boxes.box import Box, Make
from boxes.reading import Read, Reading, grown
from boxes.shell import until
from boxes.volume import Volume
from support.truth import Table

pytestmark = pytest.mark.guest

MIB = 1 << 20
TICK = 1 / os.sysconf("SC_CLK_TCK")
HOLD = "dd if=/dev/urandom iflag=fullblock bs={mib}M count=1 2>/dev/null | sleep 1800"
"""A process that has `mib` MiB of its own: dd fills its buffer and waits for a reader.

Not with zeros: Linux 6.12 drops a huge page's empty parts where it would have to swap them.
"""


def own_time(pid: int) -> float:
    """CPU seconds of a process by its own account."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


def loop_in(box: Box) -> int:
    """A busy loop started in the container by lxc-attach; its pid on the host."""
    box.spawn("while :; do :; done")
    return box.process("while :")


def test_cpu_of_a_process_that_was_attached(make: Make, read: Read, truth: Table) -> None:
    box = make("one-1")
    loop = loop_in(box)
    assert loop not in [int(pid) for pid in box.file("cgroup.procs").split()], (
        "lxc-attach puts processes in a cgroup below: this test is about those"
    )
    first, before, began = own_time(loop), read(), own_time(loop)
    time.sleep(8)
    ended, after, last = own_time(loop), read(), own_time(loop)
    metric = "lxc_cpu_usage_seconds_total"
    told = grown(metric, before, after, container="one-1")
    # a reading takes time: somewhere within it the kernel was asked
    did = min(max(told, ended - began), last - first)
    truth.check("busy loop of lxc-attach, 8 s", "s CPU", did, told, 0.4)


def test_swap_apart_from_memory(swap: None, make: Make, read: Read, truth: Table) -> None:
    box = make("one-1")
    assert read().get("lxc_memory_swap_bytes", container="one-1") == 0
    box.limit("memory.max", str(48 * MIB))
    box.limit("memory.swap.max", str(200 * MIB))
    box.spawn(HOLD.format(mib=100))
    metric = "lxc_memory_swap_bytes"

    def steady() -> tuple[int, Reading] | None:
        before, now = int(box.file("memory.swap.current")), read()
        time.sleep(1)
        same = before == int(box.file("memory.swap.current"))
        return (before, now) if same and before > 50 * MIB else None

    by_kernel, now = until(steady)
    swapped = now.value(metric, container="one-1")
    charged = now.value("lxc_memory_usage_bytes", container="one-1")
    assert charged <= 48 * MIB
    # what was swapped in again may be kept in both places
    note = "100 MiB held at a limit of 48 MiB; some pages may be in both"
    truth.check("memory and swap together", "MiB", 101, (swapped + charged) / MIB, 12, note)
    assert swapped == by_kernel


def test_cpu_pressure(make: Make, read: Read) -> None:
    box = make("one-1")
    box.limit("cpuset.cpus", "0")
    began = time.monotonic()
    before = read()
    for _ in range(3):
        box.spawn("while :; do :; done")
    metric = "lxc_pressure_cpu_waiting_seconds_total"

    def waited() -> float:
        return grown(metric, before, read(), container="one-1")

    until(lambda: waited() > 2)
    told = waited()
    assert told < time.monotonic() - began


def test_memory_pressure(swap: None, make: Make, read: Read) -> None:
    box = make("one-1")
    before = read()
    box.limit("memory.high", str(32 * MIB))
    box.spawn("while :; do dd if=/dev/zero of=/dev/null bs=60M count=1 2>/dev/null; done")
    metric = "lxc_pressure_memory_waiting_seconds_total"
    start = before.value(metric, container="one-1")
    until(lambda: read().value(metric, container="one-1") > start + 0.2)


def test_io_pressure(make: Make, read: Read, volume: Volume) -> None:
    device = volume("lv-one-1-0", thin=False)
    box = make("one-1", device=device)
    before = read()
    number = os.stat(device).st_rdev
    # 16 s of writing: what dd itself takes between its writes is no waiting.
    box.limit("io.max", f"{os.major(number)}:{os.minor(number)} wbps={MIB // 4}")
    box.run("dd if=/dev/zero of=/root/slow bs=256k count=16 oflag=direct 2>/dev/null")
    metric = "lxc_pressure_io_waiting_seconds_total"
    assert grown(metric, before, read(), container="one-1") > 2
