"""The command that a newcomer types, for real: two containers, watched, and nothing left."""

import json
import os
import signal
import subprocess
import time
import urllib.request
from typing import Any

import pytest

pytestmark = [pytest.mark.host, pytest.mark.slow, pytest.mark.timeout(600)]

CPU = "lxc_cpu_usage_seconds_total"


def test_a_demo_is_seen_everywhere_and_ends_without_a_trace(agent: Any) -> None:
    first, *rest = agent.start("--demo", agent.demo)
    assert first == f"The page: {agent.url}"
    assert rest[-1] == "Ctrl-C ends it and removes the demo."

    _sample_without_the_agent_has_both(agent)
    _ls_has_both(agent)
    _top_has_figures_of_both(agent)
    _query_has_rates(agent)
    _page_answers(agent)
    os.kill(agent.page(), signal.SIGKILL)
    _page_answers(agent)
    _a_second_agent_is_told(agent)

    assert agent.end(signal.SIGINT) == 0
    assert agent.left_behind() == []


def test_what_a_killed_demo_left_is_removed_by_the_next(agent: Any) -> None:
    agent.start("--demo", agent.demo)
    agent.end(signal.SIGKILL)
    assert agent.left_behind() != []
    agent.start("--demo", agent.demo)
    _ls_has_both(agent)
    assert agent.end(signal.SIGTERM) == 0
    assert agent.left_behind() == []


def _sample_without_the_agent_has_both(agent: Any) -> None:
    read = json.loads(agent.command("sample", "--json"))
    assert set(read) == {"time", "samples"}
    assert abs(read["time"] - time.time()) < 60
    assert all(set(sample) == {"metric", "labels", "value"} for sample in read["samples"])
    spent = {s["labels"]["container"] for s in read["samples"] if s["metric"] == CPU}
    assert spent >= set(agent.containers)


def _ls_has_both(agent: Any) -> None:
    listed = {item["container"]: item for item in json.loads(agent.command("ls", "--json"))}
    for name in agent.containers:
        assert (listed[name]["state"], listed[name]["vmid"]) == ("running", None)


def _top_has_figures_of_both(agent: Any) -> None:
    deadline = time.monotonic() + 120
    while True:
        frame = agent.command("top", "--once").splitlines()
        rows = {line.split()[0]: line.split()[1:] for line in frame if agent.demo in line}
        if set(rows) >= set(agent.containers) and all(row[0] != "-" for row in rows.values()):
            break
        assert time.monotonic() < deadline, frame
        time.sleep(0.5)
    assert max(map(len, frame)) <= 80
    assert all(row[2] == "128M" for name, row in rows.items() if name in agent.containers)


def _page_answers(agent: Any) -> None:
    """Within some seconds: it may have just ended and be starting again."""
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(f"{agent.url}healthz", timeout=60) as page:
                assert json.load(page)["status"] == "ok"
                return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.5)


def _query_has_rates(agent: Any) -> None:
    words = ("query", CPU, "--container", agent.containers[0], "--since", "1m", "--step", "0s")
    answer = json.loads(agent.command(*words, "--rate", "--json"))
    assert (answer["metric"], answer["kind"], answer["rate"]) == (CPU, "counter", True)
    (series,) = answer["series"]
    assert any(value is not None for _, value in series["points"])
    (series,) = answer["series"]
    assert series["labels"]["container"] == agent.containers[0]
    rates = [value for _, value in series["points"] if value is not None]
    assert rates
    assert min(rates) >= 0
    # Not of each: a cycle that waited for the processor is soon followed by the next.
    assert min(rates) <= 2


def _a_second_agent_is_told(agent: Any) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        agent.command("agent")
    assert "an agent is already running (pid " in caught.value.stderr.splitlines()[-1]
