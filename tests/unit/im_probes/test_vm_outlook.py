"""From a store that the agent's own writer wrote, and from what each round adds."""

import math
from pathlib import Path

import pytest

from collector.model import Column, Cycle, Entity, Row, Stamp
from collector.reading import Reading
from collector.store.reader import SqliteReader
from collector.store.settings import StoreSettings
from collector.store.writer import SqliteWriter
from im_probes.history import far, near
from im_probes.probes.vm_monitor import SCALARS, outlook
from im_probes.vm_outlook import ASKED_AT_ONCE, FAR_EVERY_S, STORED, Recent, VmOutlook

NAN = math.nan
COLUMNS = (
    Column("lxc_cpu_usage_seconds_total"),
    Column("lxc_memory_working_set_bytes"),
    Column("lxc_network_receive_bytes_total", (("device", "eth0"),)),
)


class Clock:
    """Minutes since the epoch."""

    def __init__(self) -> None:
        self.minute = 0.0

    def now(self) -> Stamp:
        return Stamp(round(self.minute * 60_000), round(self.minute * 60e9), "b")


def row(name: str, minute: float) -> Row:
    """Half a core, 4 MiB, 100 bytes a second."""
    values = (minute * 30.0, 4.0 * (1 << 20), minute * 6000.0)
    return Row(Entity("container", name, ()), 1, COLUMNS, values)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reader(tmp_path: Path, clock: Clock) -> SqliteReader:
    """Four hours of one-7 and one-8."""
    path = tmp_path / "store" / "nebulxc.sqlite"
    writer = SqliteWriter(path, StoreSettings(free_reserve_bytes=0), clock)
    for minute in range(240):
        clock.minute = minute
        writer.append(Cycle(clock.now(), (row("one-7", minute), row("one-8", minute))))
    writer.close()
    return SqliteReader(path)


def seen(clock: Clock, *vmids: int) -> list[tuple[int, Reading]]:
    """One round's readings, half a minute after the ones before."""
    clock.minute += 0.5
    now = clock.now()
    before = Stamp(now.wall_ms - 30_000, now.mono_ns - 30 * 10**9, "b")
    return [
        (
            vmid,
            Reading(
                row(f"one-{vmid}", clock.minute),
                now,
                row(f"one-{vmid}", clock.minute - 0.5),
                before,
            ),
        )
        for vmid in vmids
    ]


def test_a_steady_container_goes_on(reader: SqliteReader, clock: Clock) -> None:
    found = VmOutlook(reader, clock, near(5), far(2880))
    found.see(seen(clock, 7, 8))
    told = {name: round(each.value, 6) for name, each in found.of(7).items()}
    assert told == {
        "CPU_FORECAST": 0.5,
        "MEMORY_FORECAST": 4.0 * (1 << 20),
        "NETRX_BW_FORECAST": 100.0,
    }, "what was never read has none, and four hours tell nothing far ahead"
    for _ in range(60):
        found.see(seen(clock, 7, 8))
    assert {name: round(each.value, 6) for name, each in found.of(7).items()} == told
    assert found.of(9) == {}


def test_the_store_is_asked_of_a_few_at_a_time(reader: SqliteReader, clock: Clock) -> None:
    found = VmOutlook(reader, clock, near(5), None)
    vmids = range(3 * ASKED_AT_ONCE)
    found.see(seen(clock, *vmids))
    assert len(found._vms) == ASKED_AT_ONCE
    found.see(seen(clock, *vmids))
    assert len(found._vms) == 2 * ASKED_AT_ONCE
    found.see(seen(clock))
    assert found._vms == {}


def test_the_far_forecast_is_made_anew_each_hour(reader: SqliteReader, clock: Clock) -> None:
    found = VmOutlook(reader, clock, None, far(60))
    found.see(seen(clock, 7))
    first = found._vms[7].asked_s
    found.see(seen(clock, 7))
    assert found._vms[7].asked_s == first
    clock.minute += FAR_EVERY_S / 60
    found.see(seen(clock, 7))
    assert found._vms[7].asked_s > first


def test_switched_off_nothing_is_asked(clock: Clock, tmp_path: Path) -> None:
    found = VmOutlook(SqliteReader(tmp_path / "none"), clock, None, None)
    found.see(seen(clock, 7))
    assert found.of(7) == {}


def test_without_a_store_what_comes_is_kept(clock: Clock, tmp_path: Path) -> None:
    found = VmOutlook(SqliteReader(tmp_path / "none"), clock, near(5), far(2880))
    found.see(seen(clock, 7))
    assert found.of(7) == {}
    for _ in range(10 * 30):
        found.see(seen(clock, 7))
    assert round(found.of(7)["CPU_FORECAST"].value, 6) == 0.5


def test_steps_that_go_on() -> None:
    recent = Recent([1.0, 2.0, 3.0], 10)
    recent.add(10, 5.0)
    assert recent.steps() == [1.0, 2.0, 4.0]
    recent.add(11, 7.0)
    assert recent.steps() == [2.0, 4.0, 7.0]
    recent.add(9, 9.0)
    assert recent.steps() == [2.0, 4.0, 8.0], "a clock that was set back"
    recent.add(13, None)
    assert recent.steps()[0] == 8.0
    assert all(math.isnan(value) for value in recent.steps()[1:])
    recent.add(1_000_000, 1.0)
    assert math.isnan(recent.steps()[0])
    assert recent.steps()[-1] == 1.0


def test_each_has_a_name_that_is_sent() -> None:
    assert STORED.keys() <= {name for name, _, _ in SCALARS}
    text = outlook({"CPU_FORECAST": (0.5, 0.25), "MEMORY_FORECAST_FAR": (2048.0, 1024.0)})
    assert text == (
        'CPU_FORECAST="50.00"\n'
        'NEBULXC_FORECAST=[NAME="CPU_FORECAST",ERROR="25.00"]\n'
        'MEMORY_FORECAST_FAR="2"\n'
        'NEBULXC_FORECAST=[NAME="MEMORY_FORECAST_FAR",ERROR="1"]\n'
    )
