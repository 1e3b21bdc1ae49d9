"""The tables of metrics: complete, without clashes, named by the rules, and documented."""

import re
from pathlib import Path
from typing import Any

import pytest

from collector import metrics
from collector.group import Group
from collector.model import Kind, Metric
from collector.reference import reference

ROOT = Path(__file__).parents[4]
TABLES: dict[str, dict[str, Group[Any]]] = {
    "container": {**metrics.CONTAINER},
    "host": {**metrics.HOST},
    "self": {**metrics.SELF},
}
ALL = [metric for table in TABLES.values() for group in table.values() for metric in group.metrics]
# Base units as Prometheus has them; cores are what a limit is told in.
UNITS = {"seconds", "bytes", "cores", ""}
LABEL = re.compile(r"[a-z][a-z0-9_]*")


def test_each_file_of_the_folder_is_in_a_table_and_the_other_way_round() -> None:
    files = {path.stem for path in (ROOT / "collector/metrics").glob("*.py")} - {"__init__"}
    assert {name for table in TABLES.values() for name in table} == files
    for table in TABLES.values():
        assert all(group.name == name for name, group in table.items())


@pytest.mark.parametrize("table", TABLES)
def test_a_name_is_defined_once_per_kind_of_row(table: str) -> None:
    names = [metric.name for group in TABLES[table].values() for metric in group.metrics]
    assert sorted(names) == sorted(set(names))


def test_a_name_means_the_same_in_every_table() -> None:
    known: dict[str, Metric] = {}
    assert all(known.setdefault(metric.name, metric) == metric for metric in ALL)


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_names_follow_the_rules(metric: Metric) -> None:
    assert re.fullmatch(r"(lxc|lxcmon)_[a-z0-9_]*[a-z0-9]", metric.name)
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert metric.unit in UNITS
    stem = metric.name.removesuffix("_total")
    assert not metric.unit or stem.endswith("_" + metric.unit)
    assert not re.search(r"_(ms|us|ns|kb|mb|kib|mib|percent|pct|milliseconds|info_total)\b", stem)
    # These end series of histograms and summaries in Prometheus.
    assert not stem.endswith(("_count", "_sum", "_bucket"))


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_every_metric_says_what_it_is_and_where_from(metric: Metric) -> None:
    assert metric.help.endswith(".")
    assert metric.source
    assert "\n" not in metric.help + metric.source + metric.limits
    assert not metric.limits or metric.limits.endswith(".")
    assert all(LABEL.fullmatch(label) for label in metric.labels)
    assert not {"host", "container", "vmid"} & set(metric.labels)


def test_the_documentation_is_what_the_tables_say() -> None:
    written = (ROOT / "docs/metrics.md").read_text()
    assert written == reference(), "docs/metrics.md is stale: run scripts/metrics-doc"
