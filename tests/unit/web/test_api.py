"""The JSON routes: what they hold, and how they refuse."""

from typing import Any

import pytest


def container(world: Any, name: str) -> Any:
    body = world.client().get("/api/containers").get_json()
    return next(one for one in body["containers"] if one["name"] == name)


def test_containers_carry_rates_between_the_last_two_cycles(world: Any) -> None:
    world.cycle(3)
    web = container(world, "web")
    assert web["state"] == "running"
    assert web["cpu"]["cores"] == pytest.approx(0.25)
    assert web["cpu"]["limit_cores"] == 0.5
    assert web["cpu"]["throttled_share"] == pytest.approx(0.1)
    assert web["network"]["receive_bytes_per_second"] == pytest.approx(1500)
    assert web["pressure"] == {"cpu": pytest.approx(0.1), "memory": None, "io": None}
    assert web["cpu"]["history"] == [None, pytest.approx(0.25), pytest.approx(0.25)]


def test_what_was_not_read_is_null_and_never_0(world: Any) -> None:
    world.cycle()
    web = container(world, "web")
    assert web["cpu"]["cores"] is None, "one reading gives no rate"
    assert web["memory"]["limit_bytes"] is None, "MISSING"
    assert web["disk"]["read_bytes_per_second"] is None, "no such column"
    assert web["pids"]["now"] is None


def test_no_rate_across_generations(world: Any) -> None:
    world.cycle(2)
    world.generation = 2
    world.cycle()
    assert container(world, "web")["cpu"]["cores"] is None
    world.cycle()
    assert container(world, "web")["cpu"]["cores"] == pytest.approx(0.25)


def test_an_opennebula_container_has_its_vmid(world: Any) -> None:
    world.cycle()
    assert container(world, "one-7")["vmid"] == "7"
    assert container(world, "web")["vmid"] is None


def test_the_envelope_tells_time_cycle_and_health(world: Any) -> None:
    world.cycle(2)
    world.clock.advance(2)
    body = world.client().get("/api/containers").get_json()
    assert body["now"] == world.clock.stamp.wall_ms / 1000
    assert body["cycle"] == {"seq": 2, "time": body["now"] - 2, "age_s": 2.0}
    assert (body["interval_s"], body["version"], body["problem"]) == (5.0, "1.2.3", None)


def test_a_container_has_readings_charts_and_times(world: Any) -> None:
    world.cycle(2)
    body = world.client().get("/api/containers/web").get_json()
    usage = next(
        r for r in body["container"]["readings"] if r["metric"] == "lxc_cpu_usage_seconds_total"
    )
    assert usage == {
        "metric": "lxc_cpu_usage_seconds_total",
        "labels": {},
        "value": 2.5,
        "rate": pytest.approx(0.25),
    }
    assert {chart["title"] for chart in body["charts"]} >= {"CPU", "Memory", "Network traffic"}
    assert body["last_seen"] - body["first_seen"] == 5


def test_a_container_that_ended_is_gone_but_not_forgotten(world: Any) -> None:
    world.cycle(2)
    world.names.remove("web")
    world.cycle()
    client = world.client()
    names = [one["name"] for one in client.get("/api/containers").get_json()["containers"]]
    assert names == ["one-7"]
    body = client.get("/api/containers/web").get_json()
    assert body["container"]["state"] == "gone"
    assert client.get("/container/web").status_code == 200


def test_the_host_has_its_figures(world: Any) -> None:
    world.cycle(2)
    host = world.client().get("/api/host").get_json()["host"]
    assert host["cpu"]["cores"] == pytest.approx(0.5)
    assert host["cpu"]["total_cores"] == 2
    assert host["memory"]["available_bytes"] == 6 * 2**30


def test_the_agent_has_readings_charts_and_series(world: Any) -> None:
    world.cycle(2)
    client = world.client()
    body = client.get("/api/agent").get_json()
    assert body["agent"]["readings"][1]["rate"] == pytest.approx(0.01)
    assert [chart["title"] for chart in body["charts"]] == ["Time of a cycle", "CPU of the agent"]
    url = "/api/agent/series?metric=lxcmon_cycle_duration_seconds"
    assert client.get(url).get_json()["series"][0]["values"] == [0.02, 0.02]
    assert client.get("/agent").status_code == 200


def test_series_of_the_host(world: Any) -> None:
    world.cycle(3)
    url = "/api/host/series?metric=lxc_host_cpu_seconds_total&rate=1&since=1m"
    table = world.client().get(url).get_json()
    modes = {one["labels"]["mode"]: one["values"] for one in table["series"]}
    assert modes["user"] == [None, pytest.approx(0.1 * 5), pytest.approx(0.5)]


def test_counters_are_delivered_as_they_are_unless_rates_are_asked_for(world: Any) -> None:
    world.cycle(3)
    url = "/api/containers/web/series?metric=lxc_cpu_usage_seconds_total&since=1m"
    client = world.client()
    plain = client.get(url).get_json()["series"][0]
    assert (plain["values"], plain["unit"]) == ([1.25, 2.5, 3.75], "seconds")
    rated = client.get(url + "&rate=1").get_json()["series"][0]
    assert rated["values"] == [None, pytest.approx(0.25), pytest.approx(0.25)]
    assert rated["unit"] == "seconds/s"


def test_several_metrics_share_one_time_axis(world: Any) -> None:
    world.cycle(3)
    metrics = "metric=lxc_network_receive_bytes_total&metric=lxc_memory_limit_bytes"
    table = world.client().get(f"/api/containers/web/series?{metrics}&since=1m").get_json()
    assert len(table["time"]) == 3
    assert [(one["metric"], one["labels"]) for one in table["series"]] == [
        ("lxc_network_receive_bytes_total", {"device": "eth0"}),
        ("lxc_network_receive_bytes_total", {"device": "eth1"}),
        ("lxc_memory_limit_bytes", {}),
    ]
    assert table["series"][2]["values"] == [None, None, None], "NaN is null"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/containers/wbe", 404, "no container 'wbe'"),
        ("/api/containers/web/series", 400, "metric is missing"),
        ("/api/containers/web/series?metric=lxc_memory_limit", 404, "has no metric"),
        ("/api/containers/web/series?metric=lxc_pids&sinc=1h", 400, "no parameter 'sinc'"),
        ("/api/containers/web/series?metric=a&since=yesterday", 400, "since='yesterday'"),
        ("/api/host/series?metric=lxc_cpu_usage_seconds_total", 404, "has no metric"),
        ("/api/nothing", 404, "no such path"),
        ("/api/v1/query", 404, "Prometheus"),
    ],
)
def test_refusals_are_json_with_a_reason(world: Any, path: str, status: int, said: str) -> None:
    world.cycle()
    answer = world.client().get(path)
    assert answer.status_code == status
    assert answer.content_type == "application/json"
    assert said in answer.get_json()["error"]


def test_refusals_name_the_valid_choices(world: Any) -> None:
    world.cycle()
    client = world.client()
    assert client.get("/api/containers/wbe").get_json()["choices"] == ["web"]
    near = client.get("/api/containers/web/series?metric=lxc_memory_limit").get_json()["choices"]
    assert near[0] == "lxc_memory_limit_bytes"


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_written(world: Any, method: str) -> None:
    world.cycle()
    answer = getattr(world.client(), method)("/api/containers")
    assert answer.status_code == 405
    assert "only GET" in answer.get_json()["error"]


def test_many_tabs_do_not_multiply_the_reading(world: Any) -> None:
    world.cycle(3)
    client = world.client()
    client.get("/api/containers")
    before = world.store.calls
    for _ in range(20):
        client.get("/api/containers")
    assert world.store.calls == before
    url = "/api/containers/web/series?metric=lxc_cpu_usage_seconds_total&rate=1"
    client.get(url)
    before = world.store.calls
    for _ in range(20):
        client.get(url)
    assert world.store.calls == before


def test_an_empty_store_is_an_answer(world: Any) -> None:
    body = world.client().get("/api/containers").get_json()
    assert (body["containers"], body["cycle"]) == ([], None)
    assert body["problem"]["code"] == "empty"
    assert world.client().get("/api/host").status_code == 404
