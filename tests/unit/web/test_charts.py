"""The charts of what the store has."""

from typing import Any

import pytest

from collector import metrics
from collector.model import Column
from web.charts import charts
from web.definitions import DEFINITIONS
from web.plans import PLANS

ETH0 = (("device", "eth0"),)
ETH1 = (("device", "eth1"),)


def test_one_chart_per_nic() -> None:
    columns = (
        Column("lxc_network_receive_bytes_total", ETH0),
        Column("lxc_network_transmit_bytes_total", ETH0),
        Column("lxc_network_receive_bytes_total", ETH1),
    )
    found = [(c.title, c.subject, len(c.lines)) for c in charts("container", columns)]
    assert found == [("Network traffic", "eth0", 2), ("Network traffic", "eth1", 1)]


def test_modes_share_a_chart_with_their_limit() -> None:
    columns = (
        Column("lxc_cpu_seconds_total", (("mode", "user"),)),
        Column("lxc_cpu_seconds_total", (("mode", "system"),)),
        Column("lxc_cpu_limit_cores"),
    )
    (chart,) = charts("container", columns)
    assert [(line.name, line.role) for line in chart.lines] == [
        ("user", "stack"),
        ("system", "stack"),
        ("limit", "limit"),
    ]


def test_a_limit_alone_is_no_chart() -> None:
    assert charts("container", (Column("lxc_cpu_limit_cores"),)) == []


def test_idle_time_is_not_drawn() -> None:
    columns = tuple(
        Column("lxc_host_cpu_seconds_total", (("mode", mode),)) for mode in ("user", "idle")
    )
    (chart,) = charts("host", columns)
    assert [line.name for line in chart.lines] == ["user"]


def test_a_metric_of_no_plan_gets_a_chart_of_its_own() -> None:
    (chart,) = charts("container", (Column("lxc_news_bytes_total", (("device", "a"),)),))
    assert (chart.title, chart.unit, chart.subject) == ("lxc_news_bytes_total", "bytes/s", "a")


def test_a_disk_is_named_by_its_disk_id_first() -> None:
    labels = (("device", "loop3"), ("disk_id", "2"), ("mountpoint", "/media/data"))
    (chart,) = charts("container", (Column("lxc_filesystem_used_bytes", labels),))
    assert chart.subject == "/media/data · disk 2 · loop3"


def test_every_plan_draws_metrics_that_the_collector_defines() -> None:
    planned = {line.metric for plans in PLANS.values() for plan in plans for line in plan.lines}
    assert planned - set(DEFINITIONS) == set()


@pytest.mark.parametrize(
    ("kind", "table"),
    [("container", metrics.CONTAINER), ("host", metrics.HOST), ("self", metrics.SELF)],
)
def test_every_metric_can_be_seen(kind: str, table: Any) -> None:
    names = [metric.name for group in table.values() for metric in group.metrics]
    drawn = charts(kind, tuple(Column(name) for name in names))
    shown = {line.metric for chart in drawn for line in chart.lines}
    elsewhere = {
        "lxc_state",
        "lxc_info",
        "lxc_start_time_seconds",
        "lxc_disk_info",
        "lxc_rbd_mapped",
    }
    assert set(names) - shown - elsewhere == set()
