"""The exposition: grouped, escaped, complete, accepted by promtool."""

import os
import re
import shutil
import subprocess
import sys
from typing import Any

import pytest

HOSTILE = [
    'quote"s and \\backslashes\\',
    "line\nfeed",
    "<script>alert(1)</script>",
    "ünïcödé ✓ 容器",
    "x" * 240,
    "{}= ,#",
]


def text(world: Any, accept: str = "") -> str:
    answer = world.client().get("/metrics", headers={"Accept": accept})
    assert answer.status_code == 200
    return str(answer.text)


def promtool() -> str:
    """Where scripts/test put it, or the system's."""
    found = shutil.which("promtool", path=f"{sys.prefix}/bin:{os.environ['PATH']}")
    assert found, "needs promtool: scripts/test fetches it, or apt-get install prometheus"
    return found


def check(exposition: str) -> None:
    done = subprocess.run(
        [promtool(), "check", "metrics"],
        input=exposition,
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_promtool_accepts_it(world: Any) -> None:
    world.cycle(2)
    check(text(world))


def test_promtool_accepts_hostile_names(world: Any) -> None:
    world.names = HOSTILE
    world.cycle(2)
    exposition = text(world)
    check(exposition)
    assert 'container="line\\nfeed"' in exposition
    assert 'container="quote\\"s and \\\\backslashes\\\\"' in exposition


def test_opennebula_containers_carry_the_label_of_its_dashboards(world: Any) -> None:
    world.cycle()
    lines = text(world).splitlines()
    (one,) = [line for line in lines if line.startswith("lxc_cpu_limit_cores") and "one-7" in line]
    assert 'vmid="7",one_vm_id="7"' in one
    (wild,) = [line for line in lines if line.startswith("lxc_cpu_limit_cores") and "web" in line]
    assert "one_vm_id" not in wild


def test_each_metric_stands_together_under_one_header(world: Any) -> None:
    world.cycle()
    seen: list[str] = []
    for line in text(world).splitlines():
        if line.startswith("# TYPE"):
            seen.append(line.split()[2])
        elif not line.startswith("#"):
            assert re.split(r"[{ ]", line)[0] == seen[-1]
    assert len(seen) == len(set(seen))


def test_what_was_not_read_has_no_line(world: Any) -> None:
    world.cycle()
    exposition = text(world)
    assert "lxc_memory_limit_bytes" not in exposition
    assert "nan" not in exposition.lower()


def test_openmetrics_for_those_who_ask(world: Any) -> None:
    world.cycle()
    exposition = text(world, "application/openmetrics-text; version=1.0.0")
    assert exposition.endswith("# EOF\n")
    assert "# TYPE lxc_cpu_usage_seconds counter\n" in exposition
    assert "\nlxc_cpu_usage_seconds_total{" in exposition
    assert "# EOF" not in text(world)


def test_a_stale_cycle_is_left_out(world: Any) -> None:
    world.cycle(2)
    assert "lxcmon_up 1.0" in text(world)
    world.clock.advance(100)
    exposition = text(world)
    assert "lxc_cpu" not in exposition
    assert "lxcmon_up 0.0" in exposition
    assert "lxcmon_last_cycle_age_seconds 100.0" in exposition
    check(exposition)


def test_a_new_container_and_a_changed_layout_show_at_once(world: Any) -> None:
    world.cycle()
    client = world.client()
    client.get("/metrics")
    world.names.append("late")
    world.cycle()
    assert 'container="late"' in client.get("/metrics").text
    world.names.remove("web")
    world.cycle()
    assert 'container="web"' not in client.get("/metrics").text


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text"])
def test_values_survive_exactly(world: Any, accept: str) -> None:
    world.cycle(7)
    (line,) = [
        line
        for line in text(world, accept).splitlines()
        if line.startswith("lxc_cpu_seconds_total") and "one-7" in line and 'mode="user"' in line
    ]
    assert float(line.rpartition(" ")[2]) == world.store.cycles[-1].rows[3].values[4]
