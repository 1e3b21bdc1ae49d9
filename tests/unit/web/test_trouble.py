"""What the page says while something is wrong, and that it recovers by itself."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from web import state as state_module


def problem(client: Any) -> Any:
    return client.get("/api/containers").get_json()["problem"]


def test_an_agent_that_stopped_is_stale_after_three_intervals(world: Any) -> None:
    world.cycle(2)
    client = world.client()
    world.clock.advance(15)
    assert problem(client) is None
    assert client.get("/healthz").status_code == 200
    world.clock.advance(1)
    found = problem(client)
    assert (found["code"], found["level"]) == ("stale", "error")
    assert found["since"] == world.store.cycles[-1].stamp.wall_ms / 1000
    health = client.get("/healthz")
    assert health.status_code == 503
    assert health.get_json()["age_s"] == 16
    world.cycle()
    assert problem(client) is None
    assert client.get("/healthz").status_code == 200


def test_how_many_intervals_is_a_setting(world: Any) -> None:
    world.settings = replace(world.settings, stale_cycles=10)
    world.cycle(2)
    client = world.client()
    world.clock.advance(45)
    assert problem(client) is None


def test_an_unreadable_store_is_503_with_its_reason_and_since_when(world: Any) -> None:
    world.cycle(2)
    client = world.client()
    began = world.clock.stamp.wall_ms / 1000
    world.fail("the disk is gone")
    world.clock.advance(1)
    client.get("/api/containers")
    world.clock.advance(60)
    for path in ("/api/containers", "/api/containers/web", "/api/host", "/metrics"):
        answer = client.get(path)
        assert answer.status_code == 503, path
        assert answer.get_json()["problem"]["code"] == "unreadable"
        assert answer.get_json()["problem"]["since"] == began + 1
        assert answer.headers["Retry-After"] == "5"
    assert "the disk is gone" in client.get("/healthz").get_json()["problem"]["text"]
    assert client.get("/").status_code == 200, "the page itself comes, to say so"
    assert client.get("/container/web").status_code == 200
    world.store.trouble = None
    world.cycle()
    assert problem(client) is None


def test_a_store_unreadable_in_the_middle_of_a_request_is_503_too(world: Any) -> None:
    world.cycle(2)
    client = world.client()
    client.get("/api/containers/web")
    world.store.trouble = OSError(5, "Input/output error")
    answer = client.get("/api/containers/web/series?metric=lxc_cpu_limit_cores")
    assert answer.status_code == 503
    assert "Input/output error" in answer.get_json()["error"]


def test_a_store_that_comes_later(world: Any) -> None:
    world.fail("there is no store yet")
    client = world.client()
    assert client.get("/healthz").status_code == 503
    world.store.trouble = None
    world.clock.advance(1)
    assert client.get("/healthz").get_json()["status"] == "empty"
    world.cycle()
    assert client.get("/healthz").get_json()["status"] == "ok"


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    class Full:
        f_bavail, f_frsize = 3, 1024**2

    monkeypatch.setattr(state_module.os, "statvfs", lambda _path: Full())
    yield


def test_a_full_disk_is_named_as_the_reason(world: Any, full_disk: None) -> None:
    world.settings = replace(world.settings, reserve_bytes=1024**3)
    world.cycle(2)
    client = world.client()
    assert problem(client) is None, "readings arrive: nothing is wrong"
    world.clock.advance(60)
    found = problem(client)
    assert found["code"] == "disk_full"
    assert "3 MiB are free" in found["text"]


@pytest.mark.parametrize(("jump_s", "word"), [(3600, "forward by 1.0 h"), (-3600, "back by 1.0 h")])
def test_a_stepped_clock_is_noticed_and_breaks_nothing(world: Any, jump_s: int, word: str) -> None:
    world.cycle(3)
    client = world.client()
    client.get("/api/containers")
    world.clock.jump(jump_s)
    assert problem(client) is None, "age is told by monotonic time"
    world.cycle()
    found = problem(client)
    assert (found["code"], found["level"]) == ("clock_stepped", "notice")
    assert word in found["text"]
    assert client.get("/healthz").status_code == 200
    web = client.get("/api/containers").get_json()["containers"][1]
    assert web["cpu"]["cores"] == pytest.approx(0.25), "rates are of monotonic time"
    world.clock.advance(0)
    world.cycle(181)
    assert problem(client) is None, "told for a quarter of an hour"


def test_series_after_a_step_back_are_in_order(world: Any) -> None:
    world.cycle(10)
    world.clock.jump(-22)
    world.cycle(4)
    url = "/api/containers/web/series?metric=lxc_cpu_usage_seconds_total&rate=1&since=2m"
    table = world.client().get(url).get_json()
    assert table["time"] == sorted(set(table["time"]))
    known = [value for value in table["series"][0]["values"] if value is not None]
    assert known == pytest.approx([0.25] * len(known))


def test_a_store_begun_anew_is_read_from_its_beginning(world: Any) -> None:
    world.cycle(9)
    client = world.client()
    client.get("/api/containers")
    world.store.cycles.clear()
    world.names = ["fresh"]
    world.cycle(2)
    body = client.get("/api/containers").get_json()
    assert [one["name"] for one in body["containers"]] == ["fresh"]
    assert body["cycle"]["seq"] == 2


def test_another_boot_gives_no_rate_and_an_age_by_wall_time(world: Any) -> None:
    world.cycle(2)
    client = world.client()
    world.clock.stamp = replace(
        world.clock.stamp,
        wall_ms=world.clock.stamp.wall_ms + 40_000,
        mono_ns=5,
        boot_id="another",
    )
    assert client.get("/healthz").get_json()["age_s"] == 40


def test_a_request_that_fails_is_json_500(world: Any) -> None:
    world.cycle()
    client = world.client()
    client.application.config["PROPAGATE_EXCEPTIONS"] = False
    world.store.trouble = RuntimeError("a mistake of ours")
    world.clock.advance(1)
    answer = client.get("/api/containers")
    assert answer.status_code == 500
    assert "mistake" not in answer.text
