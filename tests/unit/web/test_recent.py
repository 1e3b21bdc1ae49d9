"""Series out of the last cycles: the same as the store's own, in one read."""

from typing import Any

import pytest

from collector.store import Span
from web import answers
from web.recent import recent_series

METRICS = ("lxc_network_receive_bytes_total", "lxc_cpu_limit_cores")


def entry(world: Any) -> Any:
    return next(e for e in world.store.catalogue() if e.entity.name == "web")


def span(world: Any, back_s: float) -> Span:
    now = world.clock.stamp.wall_ms
    return Span(now - round(back_s * 1000), now)


@pytest.mark.parametrize("back_s", [7, 20, 45, 3600])
def test_it_equals_what_the_store_says(world: Any, back_s: float) -> None:
    world.cycle(10)
    found = recent_series(world.store, entry(world), METRICS, span(world, back_s), 5.0)
    assert found is not None
    stored = [
        one
        for m in METRICS
        for one in world.store.series("container", "web", m, span(world, back_s))
    ]
    assert [(one.metric, one.points) for one in found] == [(o.metric, o.points) for o in stored]


def test_a_step_or_a_long_range_is_the_stores_work(world: Any) -> None:
    world.cycle(10)
    stepped = Span(0, world.clock.stamp.wall_ms, 1000)
    assert recent_series(world.store, entry(world), METRICS, stepped, 5.0) is None
    assert recent_series(world.store, entry(world), METRICS, span(world, 3600), 0.001) is None


def test_cycles_that_do_not_reach_back_are_not_passed_off_as_all(world: Any) -> None:
    world.cycle(100, interval_s=1.0)
    assert recent_series(world.store, entry(world), METRICS, span(world, 90), 5.0) is None


def test_an_answer_takes_one_read_where_it_can(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world.cycle(10)
    client = world.client()
    client.get("/api/containers/web")
    before = world.store.calls
    metrics = "&".join(f"metric={name}" for name in METRICS)
    client.get(f"/api/containers/web/series?since=30s&{metrics}")
    fast = world.store.calls - before
    monkeypatch.setattr(answers, "recent_series", lambda *_: None)
    before = world.store.calls
    client.get(f"/api/containers/web/series?since=31s&{metrics}")
    assert (fast, world.store.calls - before) == (1, 2 * len(METRICS))
