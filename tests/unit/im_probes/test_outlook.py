"""From a store that was written by the agent's own writer, on a clock that the test moves."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from collector.model import Column, Cycle, Entity, Row, Series, Stamp
from collector.store.reader import SqliteReader
from collector.store.settings import StoreSettings
from collector.store.writer import SqliteWriter
from im_probes.forecast_conf import Periods, parse
from im_probes.history import far, near
from im_probes.outlook import Outlook

SHIPPED = Path(__file__).parents[3] / "im_probes/remotes/etc/im/nebulxc-probes.d/forecast.conf"
GIB = 1 << 30
COLUMNS = (
    Column("lxc_host_cpu_seconds_total", (("mode", "user"),)),
    Column("lxc_host_cpu_seconds_total", (("mode", "system"),)),
    Column("lxc_host_cpu_seconds_total", (("mode", "idle"),)),
    Column("lxc_host_memory_total_bytes"),
    Column("lxc_host_memory_available_bytes"),
    Column("lxc_host_network_receive_bytes_total", (("device", "eth0"),)),
    Column("lxc_host_network_receive_bytes_total", (("device", "eth1"),)),
    Column("lxc_host_network_transmit_bytes_total", (("device", "eth0"),)),
)


class Clock:
    """Minutes since the epoch, for store and outlook alike."""

    def __init__(self) -> None:
        self.minute = 0

    def now(self) -> Stamp:
        return Stamp(self.minute * 60_000, self.minute * 60 * 10**9, "b")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path, clock: Clock) -> Path:
    """Four hours in which the host was half busy, and its NICs took 300 bytes a second."""
    path = tmp_path / "store" / "nebulxc.sqlite"
    writer = SqliteWriter(path, StoreSettings(free_reserve_bytes=0), clock)
    for clock.minute in range(240):
        second = clock.minute * 60.0
        counted = (second * 0.4, second * 0.1, second, 4.0 * GIB, 3.0 * GIB)
        values = (*counted, second * 100, second * 200, math.nan)
        writer.append(Cycle(clock.now(), (Row(Entity("host", "h", ()), 1, COLUMNS, values),)))
    writer.close()
    return path


def test_a_steady_host_goes_on(path: Path, clock: Clock) -> None:
    found = Outlook(SqliteReader(path), clock, "h", [near(5), far(2880)]).forecasts()
    told = {name: round(each.value, 6) for name, each in found.items()}
    assert told == {
        "USEDCPU_FORECAST": 50.0,
        "USEDMEMORY_FORECAST": 1 << 20,
        "NETRX_BW_FORECAST": 300.0,
    }, "nothing of NETTX, which was never read, and nothing far ahead from four hours"
    assert all(each.error < 1e-6 for each in found.values())


def test_it_is_computed_once_per_step(path: Path, clock: Clock) -> None:
    asked: list[str] = []

    class Reader(SqliteReader):
        def several(self, kind: str, name: str, *rest: Any) -> Sequence[Series]:
            asked.append(name)
            return super().several(kind, name, *rest)

    outlook = Outlook(Reader(path), clock, "h", [near(5)])
    outlook.forecasts()
    assert asked == ["h"], "one pass over the store for all metrics"
    assert outlook.forecasts()
    assert asked == ["h"]
    clock.minute += 5
    outlook.forecasts()
    assert asked == ["h", "h"]


def test_without_a_store_there_are_no_forecasts(tmp_path: Path, clock: Clock) -> None:
    assert Outlook(SqliteReader(tmp_path / "none"), clock, "h", [near(5)]).forecasts() == {}


def test_a_host_that_the_store_does_not_know_has_none(path: Path, clock: Clock) -> None:
    assert Outlook(SqliteReader(path), clock, "other", [near(5)]).forecasts() == {}


def test_the_shipped_file_says_the_defaults() -> None:
    for section in ("host", "virtualmachine"):
        assert parse(SHIPPED.read_text(), section) == Periods()


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("", Periods()),
        (
            "host:\n  forecast:\n    period: 15\n  forecast_far:\n    enabled: false",
            Periods(15, None),
        ),
        ("host:\n  forecast:\n    enabled: False # no\n", Periods(None)),
        ("virtualmachine:\n  forecast:\n    period: 15\n", Periods()),
        ("host:\n  forecast:\n    period: soon\n  x\n:\n", Periods()),
    ],
)
def test_what_a_file_may_say(text: str, periods: Periods) -> None:
    assert parse(text, "host") == periods
